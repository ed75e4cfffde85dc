// Buttons: one primary per view, secondary outlined, destructive red only where it is confirmed.
import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react';
import css from './ui.module.css';

export type Look = 'primary' | 'secondary' | 'danger' | 'quiet' | 'link';

export function buttonClass(look: Look = 'secondary', wide = false): string {
  const looks = { primary: css.primary, secondary: '', danger: css.danger, quiet: css.quiet, link: css.link };
  return [css.button, looks[look], wide ? css.wide : ''].filter(Boolean).join(' ');
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  wide?: boolean;
  children: ReactNode;
}

export function Button({ look = 'secondary', wide = false, type = 'button', className = '', ...rest }: ButtonProps) {
  return <button type={type} className={`${buttonClass(look, wide)} ${className}`} {...rest} />;
}

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  label: string;
  /** The shortcut, shown in the tooltip. */
  keys?: string | undefined;
  ref?: Ref<HTMLButtonElement>;
  children: ReactNode;
}

/** An icon alone always has a name, and a tooltip that shows its key. */
export function IconButton({ label, keys, type = 'button', className = '', ...rest }: IconButtonProps) {
  return <button type={type} aria-label={label} data-tip={label} data-tip-keys={keys} className={`${css.icon} ${className}`} {...rest} />;
}
