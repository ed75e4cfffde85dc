// Brings the words about whole companies into the running translations; whatever shows them imports this.
import i18next from 'i18next';
import { en } from './company-en';
import { it } from './company-it';

i18next.addResourceBundle('en', 'company', en);
i18next.addResourceBundle('it', 'company', it);
