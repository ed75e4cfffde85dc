import { saysEverythingInBoth } from '../testing/words';
import { en } from './en';
import { it } from './it';

saysEverythingInBoth(en, it);
