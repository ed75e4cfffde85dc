// The question that waits for an answer, as a dialog of its kind.
import { Plus, Tag } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { Mailbox } from '../../api/types';
import { dayAndTime } from '../../i18n/format';
import { useMailboxes, useMirror } from '../../store/hooks';
import { Button } from '../../ui/Button';
import Dialog, { DialogActions } from '../../ui/Dialog';
import { Field } from '../../ui/Field';
import { Notice } from '../../ui/Feedback';
import { iconOf } from '../icons';
import { ROLE_ORDER, mailboxName } from '../names';
import css from './act.module.css';
import { ask, type Question } from './ask';
import { keywordOf, knownLabels, labelName } from './labels';
import { Picker, fits } from './Picker';
import { fieldInstant, fieldValue, firstGuess, presets } from './snoozeTimes';

type Asked<K extends Question['kind']> = Extract<Question, { kind: K }>;
const close = (): void => ask(null);

export default function Questions({ question }: { question: Question }) {
  switch (question.kind) {
    case 'move': return <Move question={question} />;
    case 'label': return <Label question={question} />;
    case 'snooze': return <Snooze question={question} />;
    case 'sure': return <Sure question={question} />;
    case 'name': return <Name question={question} />;
  }
}

function Move({ question: { account, from, count, answer } }: { question: Asked<'move'> }) {
  const { t } = useTranslation();
  const boxes = useMailboxes();
  const offered = boxes
    .filter((box) => box.account_id === account && box.selectable && box.id !== from)
    .map((box) => ({ box, text: box.role ? mailboxName(t, box) : box.path.join(' / ') }))
    .toSorted((a, b) => place(a.box.role) - place(b.box.role) || a.text.localeCompare(b.text));
  if (account === null) {
    return (
      <Dialog title={t('act.moveTitle', { count })} onClose={close}>
        <p>{t('act.moveSeveral')}</p>
        <DialogActions><Button autoFocus onClick={close}>{t('common.close')}</Button></DialogActions>
      </Dialog>
    );
  }
  return (
    <Picker
      title={t('act.moveTitle', { count })}
      find={t('act.moveFind')}
      none={t('act.moveNone')}
      choices={(typed) => offered.filter(({ text }) => fits(text, typed)).map(({ box, text }) => ({ id: box.id, text, icon: iconOf(box) }))}
      onChoose={(id) => {
        const chosen = offered.find(({ box }) => box.id === id);
        if (chosen) answer(chosen.box);
      }}
      onClose={close}
    />
  );
}

const place = (role: (typeof ROLE_ORDER)[number] | null): number => (role ? ROLE_ORDER.indexOf(role) : ROLE_ORDER.length);
const NEW = 'new:';

function Label({ question }: { question: Asked<'label'> }) {
  return question.boxes ? <BoxLabel {...question} boxes={question.boxes} /> : <Keyword {...question} />;
}

function BoxLabel({ held, boxes, answer }: Asked<'label'> & { boxes: Mailbox[] }) {
  const { t } = useTranslation();
  const offered = boxes.map((box) => ({ id: box.id, text: box.path.join(' / '), icon: Tag, on: held.includes(box.id) })).toSorted((a, b) => a.text.localeCompare(b.text));
  return (
    <Picker
      title={t('act.labelTitle')}
      find={t('act.labelFind')}
      none={t('act.labelNone')}
      onWord={t('act.labelOn')}
      choices={(typed) => offered.filter(({ text }) => fits(text, typed))}
      onChoose={(id) => answer(id, !held.includes(id))}
      onClose={close}
    />
  );
}

function Keyword({ held, answer }: Asked<'label'>) {
  const { t } = useTranslation();
  const mirror = useMirror();
  const [known] = useState(() => knownLabels(mirror, held));
  const [bad, setBad] = useState(false);
  return (
    <Picker
      title={t('act.labelTitle')}
      find={t('act.labelFind')}
      none={bad ? t('act.labelBad') : t('act.labelNone')}
      onWord={t('act.labelOn')}
      choices={(typed) => {
        const found = known.filter((word) => fits(labelName(word), typed)).map((word) => ({ id: word, text: labelName(word), icon: Tag, on: held.includes(word) }));
        const fresh = keywordOf(typed);
        const wrong = typed.trim() !== '' && fresh === null;
        if (wrong !== bad) queueMicrotask(() => setBad(wrong));
        const exists = fresh !== null && known.some((word) => word.toLowerCase() === fresh.toLowerCase());
        return fresh && !exists ? [...found, { id: NEW + fresh, text: t('act.labelNew', { name: labelName(fresh) }), icon: Plus }] : found;
      }}
      onChoose={(id) => (id.startsWith(NEW) ? answer(id.slice(NEW.length), true) : answer(id, !held.includes(id)))}
      onClose={close}
    />
  );
}

function Snooze({ question: { count, answer } }: { question: Asked<'snooze'> }) {
  const { t } = useTranslation();
  const [own, setOwn] = useState(() => fieldValue(firstGuess()));
  const [past, setPast] = useState(false);
  function choose(at: number): void {
    close();
    answer(new Date(at).toISOString());
  }
  function submit(event: FormEvent): void {
    event.preventDefault();
    const at = fieldInstant(own);
    if (at === null || at <= Date.now()) setPast(true);
    else choose(at);
  }
  return (
    <Dialog title={t('act.snoozeTitle', { count })} onClose={close}>
      <div className={css.presets}>
        {presets().map(({ id, at }, index) => (
          <button key={id} type="button" className={css.preset} autoFocus={index === 0} onClick={() => choose(at)}>
            <span>{t(`act.snooze.${id}`)}</span>
            <span>{dayAndTime(at)}</span>
          </button>
        ))}
      </div>
      <form className={css.own} onSubmit={submit} noValidate>
        <Field
          label={t('act.snoozeOwn')}
          type="datetime-local"
          value={own}
          {...(past ? { error: t('act.snoozePast') } : {})}
          onChange={(event) => {
            setOwn(event.target.value);
            setPast(false);
          }}
        />
        <DialogActions><Button type="submit" look="primary">{t('act.snoozeSet')}</Button></DialogActions>
      </form>
    </Dialog>
  );
}

function Sure({ question: { title, body, yes, danger, answer } }: { question: Asked<'sure'> }) {
  const { t } = useTranslation();
  return (
    <Dialog title={title} alert onClose={close}>
      <p>{body}</p>
      <DialogActions>
        <Button autoFocus={danger} onClick={close}>{t('common.cancel')}</Button>
        <Button
          look={danger ? 'danger' : 'primary'}
          autoFocus={!danger}
          onClick={() => {
            close();
            answer();
          }}
        >
          {yes}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function Name({ question: { title, label, value, yes, answer } }: { question: Asked<'name'> }) {
  const { t } = useTranslation();
  const [name, setName] = useState(value);
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (!name.trim()) return setFault(t('box.needName'));
    setBusy(true);
    const said = await answer(name.trim());
    setBusy(false);
    if (said === null) close();
    else setFault(said);
  }
  return (
    <Dialog title={title} onClose={close}>
      <form className={css.nameForm} onSubmit={(event) => void submit(event)} noValidate>
        <Field label={label} value={name} autoFocus autoComplete="off" onChange={(event) => setName(event.target.value)} />
        {fault && <Notice kind="bad">{fault}</Notice>}
        <DialogActions>
          <Button onClick={close}>{t('common.cancel')}</Button>
          <Button type="submit" look="primary" disabled={busy}>{yes}</Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
