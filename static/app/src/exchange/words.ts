// Brings the words of importing into the running translations; whatever shows them imports this.
import i18next from 'i18next';
import { en } from './en';
import { it } from './it';

i18next.addResourceBundle('en', 'exchange', en);
i18next.addResourceBundle('it', 'exchange', it);
