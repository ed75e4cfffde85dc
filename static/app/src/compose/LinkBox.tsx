// The address of a link in the text.
import type { Editor } from '@tiptap/core';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Field } from '../ui/Field';
import { addressFault } from './address';
import css from './compose.module.css';

export default function LinkBox({ editor, onClose }: { editor: Editor; onClose: () => void }) {
  const { t } = useTranslation('compose');
  const there = (editor.getAttributes('link')['href'] as string | undefined) ?? '';
  const [value, setValue] = useState(there);
  const [fault, setFault] = useState<string>();
  const done = (): void => {
    onClose();
    setTimeout(() => editor.view.focus());
  };
  function submit(event: FormEvent): void {
    event.preventDefault();
    event.stopPropagation();
    const href = linkTarget(value);
    if (!href) return setFault(t('linkBad'));
    const chain = editor.chain().extendMarkRange('link');
    if (editor.state.selection.empty && !there) chain.insertContent({ type: 'text', text: value.trim(), marks: [{ type: 'link', attrs: { href } }] }).run();
    else chain.setLink({ href }).run();
    done();
  }
  return (
    <Dialog title={t('link')} onClose={done}>
      <form className={css.form} noValidate onSubmit={submit}>
        <Field label={t('linkAddress')} type="url" autoFocus autoComplete="off" value={value} error={fault} onChange={(event) => setValue(event.target.value)} />
        <DialogActions>
          {there && <Button onClick={() => { editor.chain().extendMarkRange('link').unsetLink().run(); done(); }}>{t('linkRemove')}</Button>}
          <Button onClick={done}>{t('cancel')}</Button>
          <Button type="submit" look="primary">{t('linkSet')}</Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** What a person typed as the target of a link, or null when it cannot be one. */
export function linkTarget(text: string): string | null {
  const typed = text.trim();
  if (addressFault(typed) === null) return `mailto:${typed}`;
  const href = /^(?:https?:\/\/|mailto:|tel:)/i.test(typed) ? typed : `https://${typed}`;
  try {
    const url = new URL(href);
    return /^https?:$/.test(url.protocol) && !url.hostname.includes('.') && url.hostname !== 'localhost' ? null : href;
  } catch {
    return null;
  }
}
