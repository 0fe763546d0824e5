// The same with the large counts of studies (vitest.config.ts).
import '../contract/audit-store.test.ts';
