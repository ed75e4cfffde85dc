// Plain-text mail: links live, quotes marked by depth, the quoted history folded behind a button.
import { Fragment, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Body } from '../api/types';
import { Button } from '../ui/Button';
import { openLink } from './links';
import css from './reader.module.css';
import { linkParts, quoteBlocks } from './text';

export function TextBody({ body }: { body: Body }) {
  const { t } = useTranslation();
  const [unfolded, unfold] = useState(false);
  const cut = body.quoted_from;
  const own = cut === null ? body.text : body.text.slice(0, cut);
  const folds = cut !== null && own.trim() !== '';
  return (
    <div className={css.text}>
      <Blocks text={(folds ? own : body.text).trimEnd()} />
      {folds && (
        <Button
          className={css.fold ?? ''}
          aria-expanded={unfolded}
          aria-label={unfolded ? t('reader.quoteHide') : t('reader.quoteShow')}
          onClick={() => unfold(!unfolded)}
        >
          …
        </Button>
      )}
      {folds && unfolded && <Blocks text={body.text.slice(cut).trim()} />}
    </div>
  );
}

function Blocks({ text }: { text: string }) {
  return quoteBlocks(text).map((block, index) =>
    block.depth > 0 ? (
      <blockquote key={index} className={css.quote} data-depth={Math.min(3, block.depth)} style={{ marginInlineStart: `calc(${block.depth - 1} * var(--s3))` }}>
        <Words text={block.text} />
      </blockquote>
    ) : (
      <div key={index}><Words text={block.text} /></div>
    ),
  );
}

function Words({ text }: { text: string }) {
  return linkParts(text).map((part, index) =>
    part.kind === 'text' ? (
      <Fragment key={index}>{part.text}</Fragment>
    ) : (
      <a
        key={index}
        href={part.href}
        target="_blank"
        rel="noopener noreferrer nofollow ugc"
        onClick={(event) => {
          event.preventDefault();
          openLink(part.href, part.text, () => undefined); // the text is the address itself
        }}
      >
        {part.text}
      </a>
    ),
  );
}
