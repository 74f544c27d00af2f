import type { Strings } from '../strings';

export const strings: Partial<Strings> = {
  greeting: 'Womit kann ich heute helfen?',
};
