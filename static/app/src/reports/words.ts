// Brings the words of reports into the running translations; whatever shows them imports this.
import i18next from 'i18next';
import { en } from './en';
import { it } from './it';

i18next.addResourceBundle('en', 'reports', en);
i18next.addResourceBundle('it', 'reports', it);
