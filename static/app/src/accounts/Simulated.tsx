// The mark of what lives at a simulated provider.
import { useTranslation } from 'react-i18next';
import css from '../ui/ui.module.css';

export function Simulated() {
  const { t } = useTranslation();
  return <span className={css.mark}>{t('accounts.simulated')}</span>;
}
