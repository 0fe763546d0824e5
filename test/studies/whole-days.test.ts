import { TIMES, wholeDays } from '../faults/whole-days.ts';

wholeDays('postgres', TIMES);
wholeDays('pglite', TIMES);
