// Notices in place, empty states, progress, avatars and keys: small things every feature shows alike.
import { CircleAlert, CircleCheck, Info, LoaderCircle, TriangleAlert, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import css from './ui.module.css';

type Kind = 'info' | 'good' | 'warn' | 'bad';
const KINDS: Record<Kind, { icon: LucideIcon; look: string | undefined }> = {
  info: { icon: Info, look: '' },
  good: { icon: CircleCheck, look: css.noticeGood },
  warn: { icon: TriangleAlert, look: css.noticeWarn },
  bad: { icon: CircleAlert, look: css.noticeBad },
};

export function Notice({ kind = 'info', children }: { kind?: Kind; children: ReactNode }) {
  const { icon: Icon, look } = KINDS[kind];
  return (
    <div className={`${css.notice} ${look ?? ''}`} role={kind === 'bad' ? 'alert' : 'status'}>
      <Icon size={16} aria-hidden />
      <div className={css.noticeText}>{children}</div>
    </div>
  );
}

interface EmptyProps {
  icon: LucideIcon;
  children: ReactNode;
  action?: ReactNode;
  /** It is the whole page, so its line is the page's heading. */
  page?: boolean;
}

export function Empty({ icon: Icon, children, action, page = false }: EmptyProps) {
  const Line = page ? 'h1' : 'p';
  return (
    <div className={css.empty}>
      <Icon aria-hidden />
      <Line>{children}</Line>
      {action}
    </div>
  );
}

/** `done` of `total`; without a total the bar stays empty rather than guessing. */
export function Progress({ label, done, total }: { label: string; done: number; total: number | null }) {
  const share = total ? Math.min(1, done / total) : 0;
  return (
    <div
      className={css.track}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={total ? Math.round(share * 100) : undefined}
    >
      <div className={css.fill} style={{ transform: `scaleX(${share})` }} />
    </div>
  );
}

export function Spinner({ size = 16 }: { size?: number }) {
  return <LoaderCircle className={css.spinner} size={size} aria-hidden />;
}

/** A stable small number for a string: the same person has the same colour everywhere. */
export function hueOf(text: string): number {
  let hash = 0;
  for (const char of text.toLowerCase()) hash = (hash * 31 + char.codePointAt(0)!) >>> 0;
  return hash % 8;
}

export function initials(name: string, address: string): string {
  const words = name.replace(/[^\p{L}\p{N}\s'.-]/gu, ' ').split(/[\s.]+/).filter(Boolean);
  const picked = words.length > 1 ? [words[0]!, words[words.length - 1]!] : words.length ? [words[0]!] : [address || '?'];
  return picked.map((word) => [...word][0] ?? '').join('').toLocaleUpperCase();
}

export function Avatar({ name, address }: { name: string; address: string }) {
  const hue = hueOf(address || name);
  return (
    <span className={css.avatar} aria-hidden style={{ background: `var(--hue-${hue}-bg)`, color: `var(--hue-${hue}-fg)` }}>
      {initials(name, address)}
    </span>
  );
}

export function Kbd({ children }: { children: ReactNode }) {
  return <kbd className={css.kbd}>{children}</kbd>;
}
