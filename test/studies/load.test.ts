// The same with the large counts of studies (vitest.config.ts).
import '../faults/load.test.ts';
