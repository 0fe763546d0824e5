// The key `pictures` of channels that show pictures.

import { z } from 'zod';

/** Whether alerts come with a picture. */
export const picturesKey = z
  .enum(['on', 'off'])
  .default('on')
  .describe('Whether alerts come with a chart')
  .transform((word) => word === 'on');
