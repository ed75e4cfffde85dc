// The mark: two leaves of one envelope, in step.
import css from './logo.module.css';

export function Mark() {
  return (
    <svg className={css.mark} viewBox="0 0 32 32" aria-hidden>
      <rect className={css.tile} width="32" height="32" rx="8" />
      <path className={css.line} d="M8 12.5a3 3 0 0 1 3-3h10a3 3 0 0 1 3 3l-8 5.5z" />
      <path className={css.leaf} d="M8 16.5v3a3 3 0 0 0 3 3h10a3 3 0 0 0 3-3v-3l-8 5.5z" />
    </svg>
  );
}

export function Logo() {
  return (
    <span className={css.logo}>
      <Mark />
      <span className={css.name}>PMSync</span>
    </span>
  );
}
