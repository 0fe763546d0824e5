// The same with the large counts of studies (vitest.config.ts).
import '../sums/live/aggregate.test.ts';
