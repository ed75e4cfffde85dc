// Exactly what an action would do: a message, the fields of an event side by side, or messages. Text, never markup.
import { useTranslation } from 'react-i18next';
import { localTime } from '../i18n/format';
import { word } from './acts';
import css from './approvals.module.css';
import type { Field, Letter, Preview } from './types';

export function Shown({ preview }: { preview: Preview }) {
  const { t } = useTranslation('approvals');
  const acts = t('acts', { returnObjects: true });
  return (
    <>
      {preview.letter && <Message letter={preview.letter} />}
      {preview.fields.length > 0 && <Fields fields={preview.fields} where={preview.where} />}
      {preview.messages.length > 0 && (
        <>
          <ul className={css.plain}>
            {preview.messages.map(({ id, subject, sender, where }) => (
              <li key={id} className={css.item}>
                <bdi>{subject || t('no_title')}</bdi>
                <span className={css.second}><bdi>{sender}</bdi>{where.length > 0 && <> · {t('lies')} <bdi>{where.join(', ')}</bdi></>}</span>
              </li>
            ))}
          </ul>
          <p className={css.effect}>→ {word(acts, preview.note)} <bdi>{preview.where || preview.label}</bdi></p>
        </>
      )}
      {preview.told.length > 0 && <p className={css.second}>{t('told')}: <bdi>{preview.told.join(', ')}</bdi></p>}
    </>
  );
}

function Message({ letter }: { letter: Letter }) {
  const { t } = useTranslation('approvals');
  const lines = [['from', [letter.sender]], ['to', letter.to], ['cc', letter.cc], ['bcc', letter.bcc], ['subject', [letter.subject || t('no_title')]]] as const;
  return (
    <>
      <p className={css.second}>{t(letter.sends ? 'sends' : 'drafts')}</p>
      <dl className={css.head}>
        {lines.filter(([, said]) => said.length > 0).map(([name, said]) => (
          <div key={name}>
            <dt>{t(name)}</dt>
            <dd>{said.map((text) => <bdi key={text}>{text}</bdi>)}</dd>
          </div>
        ))}
      </dl>
      <div className={css.text} dir="auto">{letter.text}</div>
      {letter.quote && (
        <details>
          <summary>{t('quoted')}</summary>
          <div className={css.quote} dir="auto">{letter.quote}</div>
        </details>
      )}
    </>
  );
}

const TIMES: ReadonlySet<string> = new Set(['start', 'end', 'due']);

function Fields({ fields, where }: { fields: Field[]; where: string }) {
  const { t } = useTranslation('approvals');
  const names = t('fields', { returnObjects: true });
  const values = t('values', { returnObjects: true });
  const said = (name: string, value: string | null): string => (value === null ? t('none') : TIMES.has(name) ? localTime(value) : word(values, value));
  const compares = fields.some(({ before }) => before !== null);
  return (
    <>
      {where && <p className={css.second}>{t('where')} <bdi>{where}</bdi></p>}
      <dl className={css.fields}>
        {fields.map(({ name, before, after }) => (
          <div key={name}>
            <dt>{word(names, name)}</dt>
            <dd>
              {compares && <del><span className="vh">{t('before')}: </span>{said(name, before)}</del>}
              <ins>{compares && <span className="vh">{t('after')}: </span>}{said(name, after)}</ins>
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}
