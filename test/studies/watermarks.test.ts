// The same with the large counts of studies (vitest.config.ts).
import '../state/watermarks.test.ts';
