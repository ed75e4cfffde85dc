// The search field. Enter goes to the results; what can be typed next is suggested below it, from this device at
// once and from the server a moment later.
import { AtSign, Folder, History, Search, Tag, X, type LucideIcon } from 'lucide-react';
import { useEffect, useId, useRef, useState, type FormEvent, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useSearchParams } from 'wouter';
import { Problem, Unreachable } from '../api/request';
import type { Suggestion } from '../api/types';
import { request } from '../auth/session';
import { useCommand } from '../shell/commands';
import { tipKeys } from '../shell/keymap';
import { IconButton } from '../ui/Button';
import { Kbd } from '../ui/Feedback';
import { completed, queryWords } from './query';
import { recentSearches } from './recent';
import css from './search.module.css';

export const OPERATORS = [
  { text: 'from:', label: 'from' },
  { text: 'to:', label: 'to' },
  { text: 'subject:', label: 'subject' },
  { text: 'in:', label: 'in' },
  { text: 'has:attachment', label: 'has' },
  { text: 'is:unread', label: 'unread' },
  { text: 'before:', label: 'before' },
  { text: 'after:', label: 'after' },
  { text: 'larger:', label: 'larger' },
  { text: 'filename:', label: 'filename' },
] as const;

const ICONS: Record<Suggestion['kind'], LucideIcon> = { operator: Tag, person: AtSign, mailbox: Folder, recent: History };
const ASK_AFTER = 120;
const SHOWN = 8;

export function SearchBox({ focused = false }: { focused?: boolean }) {
  const { t } = useTranslation();
  const [path, navigate] = useLocation();
  const [params] = useSearchParams();
  const query = path.startsWith('/search') ? (params.get('q') ?? '') : '';
  const [text, setText] = useState(query);
  const [open, setOpen] = useState(false);
  const [picked, pick] = useState(-1);
  const field = useRef<HTMLInputElement>(null);
  const listId = useId();
  // The empty search page shows the recent searches itself.
  const suggestions = useSuggestions(text, open && !(focused && !text));
  useEffect(() => setText(query), [query]);
  useEffect(() => {
    if (focused) field.current?.focus();
  }, [focused]);
  useCommand('search.focus', () => {
    field.current?.focus();
    field.current?.select();
  });

  function close(): void {
    setOpen(false);
    pick(-1);
  }
  function go(wanted: string): void {
    close();
    field.current?.blur();
    if (wanted.trim()) navigate(`/search?q=${encodeURIComponent(wanted.trim())}`);
  }
  function choose(suggestion: Suggestion): void {
    if (suggestion.kind === 'recent') return go(suggestion.insert);
    setText(completed(text, suggestion.insert));
    pick(-1);
    field.current?.focus();
  }
  function submit(event: FormEvent): void {
    event.preventDefault();
    const chosen = suggestions[picked];
    if (chosen) choose(chosen);
    else go(text);
  }
  function press(event: KeyboardEvent): void {
    if (event.key === 'Escape') {
      event.preventDefault();
      if (open && suggestions.length) close();
      else field.current?.blur();
    } else if (event.key === 'Tab' && !event.shiftKey && picked >= 0) {
      event.preventDefault();
      choose(suggestions[picked]!);
    } else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && suggestions.length) {
      event.preventDefault();
      setOpen(true);
      const by = event.key === 'ArrowDown' ? 1 : -1;
      pick(((picked + by + 1 + suggestions.length + 1) % (suggestions.length + 1)) - 1);
    }
  }

  const expanded = open && suggestions.length > 0;
  return (
    <search className={css.search} onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && close()}>
      <form className={css.box} onSubmit={submit}>
        <Search size={16} aria-hidden />
        <input
          ref={field}
          className={css.field}
          type="search"
          role="combobox"
          value={text}
          placeholder={t('search.placeholder')}
          aria-label={t('search.label')}
          aria-expanded={expanded}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={expanded && picked >= 0 ? `${listId}-${picked}` : undefined}
          enterKeyHint="search"
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => {
            setText(event.target.value);
            setOpen(true);
            pick(-1);
          }}
          onFocus={() => setOpen(true)}
          onKeyDown={press}
        />
        {text ? (
          <IconButton
            label={t('search.clear')}
            className={css.clear ?? ''}
            onClick={() => {
              setText('');
              field.current?.focus();
            }}
          >
            <X size={16} aria-hidden />
          </IconButton>
        ) : (
          <span className={css.hint} aria-hidden><Kbd>{tipKeys('search.focus')}</Kbd></span>
        )}
      </form>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role -- the pattern of a combobox */}
      <ul id={listId} role="listbox" aria-label={t('search.suggestions')} className={css.suggestions} hidden={!expanded}>
        {suggestions.map((suggestion, index) => (
          <SuggestionItem
            key={`${suggestion.kind}:${suggestion.insert}`}
            id={`${listId}-${index}`}
            suggestion={suggestion}
            picked={index === picked}
            onChoose={() => choose(suggestion)}
          />
        ))}
      </ul>
    </search>
  );
}

interface SuggestionItemProps {
  id: string;
  suggestion: Suggestion;
  picked: boolean;
  onChoose: () => void;
}

function SuggestionItem({ id, suggestion, picked, onChoose }: SuggestionItemProps) {
  const { t } = useTranslation();
  const Icon = ICONS[suggestion.kind];
  const operator = OPERATORS.find(({ text }) => text === suggestion.insert);
  return (
    // The field keeps the focus and hears the keys; the pointer only chooses.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
    <li
      id={id}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role -- the pattern of a combobox
      role="option"
      aria-selected={picked}
      className={css.suggestion}
      data-picked={picked || undefined}
      onPointerDown={(event) => event.preventDefault()}
      onClick={onChoose}
    >
      <Icon size={16} aria-hidden />
      <span className={css.suggestionText}>{suggestion.text}</span>
      {suggestion.kind !== 'person' && (
        <span className={css.suggestionKind}>{operator ? t(`search.op.${operator.label}`) : t(`search.kind.${suggestion.kind}`)}</span>
      )}
    </li>
  );
}

function useSuggestions(text: string, open: boolean): Suggestion[] {
  const [served, setServed] = useState<{ text: string; items: Suggestion[] }>({ text: '', items: [] });
  useEffect(() => {
    if (!open || !text.trim()) return;
    const asked = new AbortController();
    const timer = setTimeout(() => {
      request<{ items: Suggestion[] }>(`search/suggest?q=${encodeURIComponent(text)}`, { signal: asked.signal }).then(
        ({ items }) => setServed({ text, items }),
        (error: unknown) => {
          // Without an answer the suggestions of this device remain.
          if (!(error instanceof Problem) && !(error instanceof Unreachable) && !asked.signal.aborted) throw error;
        },
      );
    }, ASK_AFTER);
    return () => {
      clearTimeout(timer);
      asked.abort();
    };
  }, [text, open]);
  if (!open) return [];
  const local = localSuggestions(text);
  const remote = served.text && text.startsWith(served.text) ? served.items : [];
  const seen = new Set<string>();
  return [...local, ...remote].filter(({ insert }) => !seen.has(insert) && seen.add(insert)).slice(0, SHOWN);
}

function localSuggestions(text: string): Suggestion[] {
  const typed = /\s$/.test(text) ? '' : (queryWords(text).at(-1) ?? '').toLowerCase();
  const recent = recentSearches()
    .filter((query) => query !== text && query.toLowerCase().startsWith(text.trim().toLowerCase()))
    .slice(0, text ? 3 : 5)
    .map((query): Suggestion => ({ kind: 'recent', text: query, insert: query }));
  const operators = typed
    ? OPERATORS.filter(({ text: name }) => name.startsWith(typed) && name !== typed).map((operator): Suggestion => ({ kind: 'operator', text: operator.text, insert: operator.text }))
    : [];
  return [...recent, ...operators];
}
