// The same with the large counts of studies (vitest.config.ts).
import '../backtest/replay.test.ts';
