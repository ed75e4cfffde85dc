// A setting that is on or off.
import { useId } from 'react';
import css from './settings.module.css';

interface SwitchProps {
  label: string;
  hint: string;
  on: boolean;
  disabled?: boolean;
  onChange: (on: boolean) => void;
}

export function Switch({ label, hint, on, disabled = false, onChange }: SwitchProps) {
  const id = useId();
  return (
    <div className={css.switchRow}>
      <div>
        <label htmlFor={id} className={css.switchLabel}>{label}</label>
        <p id={`${id}-hint`} className={css.hint}>{hint}</p>
      </div>
      <input
        id={id}
        type="checkbox"
        role="switch"
        className={css.switch}
        checked={on}
        aria-checked={on}
        disabled={disabled}
        aria-describedby={`${id}-hint`}
        onChange={(event) => onChange(event.target.checked)}
      />
    </div>
  );
}
