// The message that is answered, as it will be quoted: below the text, in the frame that mail is read in, never in the
// editor, whose schema would take its layout apart.
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Body } from '../api/types';
import { HtmlFrame } from '../mail/HtmlFrame';
import reader from '../mail/reader.module.css';
import { Button } from '../ui/Button';
import css from './compose.module.css';
import { cleanPaste } from './paste';
import type { Quote } from './types';

interface QuoteProps {
  quote: Quote | null;
  included: boolean;
  editable: boolean;
  /** A forward shows what it forwards. */
  unfolded: boolean;
  onInclude: (include: boolean) => void;
  /** As the editor can hold it. */
  onEdit: (html: string) => void;
}

export function QuoteBlock({ quote, included, editable, unfolded, onInclude, onEdit }: QuoteProps) {
  const { t } = useTranslation('compose');
  const [shown, show] = useState(unfolded);
  if (!included) {
    return (
      <div className={css.quoteOut}>
        <span>{t('quoteLeftOut')}</span>
        {editable && <Button look="link" onClick={() => onInclude(true)}>{t('quoteInclude')}</Button>}
      </div>
    );
  }
  return (
    <div className={css.quote}>
      <div className={css.quoteBar}>
        <Button className={reader.fold ?? ''} aria-expanded={shown} aria-label={shown ? t('quoteHide') : t('quoteShow')} data-tip={shown ? t('quoteHide') : t('quoteShow')} onClick={() => show(!shown)}>…</Button>
        {shown && editable && (
          <>
            <Button look="link" onClick={() => onInclude(false)}>{t('quoteLeaveOut')}</Button>
            {quote && <Button look="link" onClick={() => onEdit(cleanPaste(quote.html, t('image')))}>{t('quoteEdit')}</Button>}
          </>
        )}
      </div>
      {shown && (quote ? <Quoted quote={quote} /> : <p className={css.quoteWait}>{t('quoteWait')}</p>)}
    </div>
  );
}

function Quoted({ quote }: { quote: Quote }) {
  const body = useMemo<Body>(() => ({ html: quote.html, css: '', blocked_remote: 0, trackers: 0, text: quote.text, quoted_from: null, from_html: true }), [quote]);
  return <HtmlFrame body={body} adapt={false} quoted onConfirmLink={() => undefined} />;
}
