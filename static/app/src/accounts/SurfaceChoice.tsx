// What is to be kept in step: mail, calendars, contacts.
import { useTranslation } from 'react-i18next';
import { SURFACES, type Surface } from '../api/types';
import css from './accounts.module.css';
import './words';

interface SurfaceChoiceProps {
  wanted: readonly Surface[];
  onChange: (wanted: Surface[]) => void;
  /** The id of what says that nothing is chosen, while it does. */
  describedBy?: string | undefined;
}

export function SurfaceChoice({ wanted, onChange, describedBy }: SurfaceChoiceProps) {
  const { t } = useTranslation('consent');
  return (
    <fieldset className={css.surfaces} aria-describedby={describedBy}>
      <legend>{t('what')}</legend>
      {SURFACES.map((surface) => (
        <label key={surface} className={css.surface}>
          <input
            type="checkbox"
            name={surface}
            checked={wanted.includes(surface)}
            onChange={({ target }) => onChange(SURFACES.filter((one) => (one === surface ? target.checked : wanted.includes(one))))}
          />
          {t(`surface.${surface}`)}
        </label>
      ))}
    </fieldset>
  );
}
