// A labelled text field with its hint and its error, tied together for screen readers.
import { ChevronDown, CircleAlert, Eye, EyeOff } from 'lucide-react';
import { useId, useState, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from './Button';
import css from './ui.module.css';

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
  end?: ReactNode;
}

export function Field({ label, hint, error, optional, end, className = '', ...rest }: FieldProps) {
  const { t } = useTranslation();
  const id = useId();
  const describes = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ');
  return (
    <div className={`${css.field} ${className}`}>
      <label className={css.label} htmlFor={id}>
        {label} {optional && <span className={css.optional}>{t('connect.optional')}</span>}
      </label>
      <div className={end ? css.withEnd : undefined}>
        <input
          id={id}
          className={css.input}
          aria-invalid={error ? true : undefined}
          aria-describedby={describes || undefined}
          {...rest}
        />
        {end && <div className={css.end}>{end}</div>}
      </div>
      {hint && <div id={`${id}-hint`} className={css.hint}>{hint}</div>}
      {error && <FieldError id={`${id}-error`}>{error}</FieldError>}
    </div>
  );
}

function FieldError({ id, children }: { id: string; children: ReactNode }) {
  return (
    <div id={id} className={css.error} role="alert">
      <CircleAlert size={16} aria-hidden />
      <span>{children}</span>
    </div>
  );
}

export function PasswordField(props: Omit<FieldProps, 'type' | 'end'>) {
  const { t } = useTranslation();
  const [shown, show] = useState(false);
  return (
    <Field
      {...props}
      type={shown ? 'text' : 'password'}
      autoCapitalize="off"
      autoCorrect="off"
      spellCheck={false}
      end={
        <IconButton label={shown ? t('login.hide') : t('login.show')} aria-pressed={shown} onClick={() => show(!shown)}>
          {shown ? <EyeOff size={20} aria-hidden /> : <Eye size={20} aria-hidden />}
        </IconButton>
      }
    />
  );
}

interface SelectProps extends SelectHTMLAttributes<HTMLSelectElement> {
  label: string;
  hint?: string;
  children: ReactNode;
}

export function Select({ label, hint, className = '', ...rest }: SelectProps) {
  const id = useId();
  return (
    <div className={`${css.field} ${className}`}>
      <label className={css.label} htmlFor={id}>{label}</label>
      <div className={css.select}>
        <select id={id} className={css.input} aria-describedby={hint ? `${id}-hint` : undefined} {...rest} />
        <ChevronDown size={16} aria-hidden />
      </div>
      {hint && <div id={`${id}-hint`} className={css.hint}>{hint}</div>}
    </div>
  );
}
