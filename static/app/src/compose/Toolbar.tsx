// Formatting by button; each has a key as well. One stop for Tab, arrows inside.
import type { Editor } from '@tiptap/core';
import { Bold, Code, Italic, Link, List, ListOrdered, RemoveFormatting, Strikethrough, TextQuote, Underline, type LucideIcon } from 'lucide-react';
import { useEffect, useRef, useState, type KeyboardEvent, type RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../ui/Button';
import css from './compose.module.css';
import { clearFormatting } from './editor';
import type { TextHandle } from './TextEditor';

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const mod = (keys: string): string => (MAC ? `⌘${keys.replace('Shift+', '⇧')}` : `Ctrl+${keys}`);

type Name = 'bold' | 'italic' | 'underline' | 'strike' | 'bullets' | 'numbers' | 'quoteBlock' | 'code' | 'link' | 'clear';
interface Tool { name: Name; icon: LucideIcon; keys: string; active?: string; run: (editor: Editor) => void }

const TOOLS: Tool[] = [
  { name: 'bold', icon: Bold, keys: mod('B'), active: 'bold', run: (editor) => editor.chain().focus().toggleBold().run() },
  { name: 'italic', icon: Italic, keys: mod('I'), active: 'italic', run: (editor) => editor.chain().focus().toggleItalic().run() },
  { name: 'underline', icon: Underline, keys: mod('U'), active: 'underline', run: (editor) => editor.chain().focus().toggleUnderline().run() },
  { name: 'strike', icon: Strikethrough, keys: mod('Shift+X'), active: 'strike', run: (editor) => editor.chain().focus().toggleStrike().run() },
  { name: 'bullets', icon: List, keys: mod('Shift+8'), active: 'bulletList', run: (editor) => editor.chain().focus().toggleBulletList().run() },
  { name: 'numbers', icon: ListOrdered, keys: mod('Shift+7'), active: 'orderedList', run: (editor) => editor.chain().focus().toggleOrderedList().run() },
  { name: 'quoteBlock', icon: TextQuote, keys: mod('Shift+9'), active: 'blockquote', run: (editor) => editor.chain().focus().toggleBlockquote().run() },
  { name: 'code', icon: Code, keys: mod('E'), active: 'code', run: (editor) => editor.chain().focus().toggleCode().run() },
  { name: 'link', icon: Link, keys: mod('K'), active: 'link', run: () => undefined },
  { name: 'clear', icon: RemoveFormatting, keys: mod('\\'), run: clearFormatting },
];

interface ToolbarProps {
  text: RefObject<TextHandle | null>;
  disabled: boolean;
  onLink: () => void;
}

export function Toolbar({ text, disabled, onLink }: ToolbarProps) {
  const { t } = useTranslation('compose');
  const bar = useRef<HTMLDivElement>(null);
  const active = useActive(text);
  function onKeyDown(event: KeyboardEvent): void {
    const buttons = [...(bar.current?.querySelectorAll<HTMLButtonElement>('button') ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (next === undefined || at < 0) return;
    event.preventDefault();
    const button = buttons[(next + buttons.length) % buttons.length]!;
    for (const other of buttons) other.tabIndex = other === button ? 0 : -1;
    button.focus();
  }
  return (
    // oxlint-disable-next-line jsx-a11y/interactive-supports-focus -- its buttons have it, one at a time
    <div ref={bar} role="toolbar" aria-label={t('toolbar')} className={css.toolbar} onKeyDown={onKeyDown}>
      {TOOLS.map(({ name, icon: Icon, keys, active: mark, run }, index) => (
        <IconButton
          key={name}
          label={t(name)}
          keys={keys}
          tabIndex={index === 0 ? 0 : -1}
          disabled={disabled}
          aria-pressed={mark ? active.includes(mark) : undefined}
          // The selection stays where it is.
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => {
            if (name === 'link') onLink();
            else if (text.current) run(text.current.editor);
          }}
        >
          <Icon size={16} aria-hidden />
        </IconButton>
      ))}
    </div>
  );
}

/** Names of what holds at the selection. */
function useActive(text: RefObject<TextHandle | null>): string[] {
  const [active, set] = useState('');
  useEffect(() => {
    const editor = text.current?.editor;
    if (!editor) return;
    const read = (): void => set(TOOLS.flatMap(({ active: mark }) => (mark && editor.isActive(mark) ? mark : [])).join(' '));
    editor.on('transaction', read);
    return () => void editor.off('transaction', read);
  }, [text]);
  return active.split(' ');
}
