import { saysEverythingInBoth } from '../testing/words';
import { en } from './company-en';
import { it } from './company-it';

saysEverythingInBoth(en, it);
