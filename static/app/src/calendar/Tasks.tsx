// Tasks of all calendars: what is overdue first, then by day; done with a click, made from one line.
import { CheckCheck, CloudOff } from 'lucide-react';
import { useEffect, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Temporal } from 'temporal-polyfill';
import { useCollectionName } from '../accounts/collectionName';
import type { Id, JournalEvent } from '../api/types';
import { request } from '../auth/session';
import { region } from '../i18n';
import { failed, useServer } from '../store/useServer';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { Empty, Notice } from '../ui/Feedback';
import { Field, Select } from '../ui/Field';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import uiCss from '../ui/ui.module.css';
import { change, make, remove } from './acts';
import css from './calendar.module.css';
import { quick } from './quick';
import type { Calendar, CalendarEvent, WholeEvent } from './types';

type Changed = () => Promise<void>;

export function Tasks({ calendars }: { calendars: Calendar[] }) {
  const { t } = useTranslation('calendar');
  const { t: common } = useTranslation();
  const [done, showDone] = useState(false);
  const [open, show] = useState<CalendarEvent | null>(null);
  const [loaded, read] = useServer<{ items: CalendarEvent[] }>(done ? 'tasks?done=1' : 'tasks', inCalendars);
  const tasks = loaded && !failed(loaded) ? loaded.items : null;
  const places = calendars.filter(({ tasks: takes, writable }) => takes && writable);
  return (
    <div className={css.found}>
      {places.length > 0 && !done && <NewTask places={places} onMade={read} />}
      <div className={css.views} role="group" aria-label={t('tasks')}>
        <button type="button" className={css.view} aria-pressed={!done} onClick={() => showDone(false)}>{t('tasksOpen')}</button>
        <button type="button" className={css.view} aria-pressed={done} onClick={() => showDone(true)}>{t('tasksDone')}</button>
      </div>
      {failed(loaded) && <Empty icon={CloudOff} action={<Button onClick={() => void read()}>{common('common.retry')}</Button>}>{faultText(common, loaded.fault)}</Empty>}
      {tasks?.length === 0 && <Empty icon={CheckCheck}>{t(done ? 'noneDone' : 'noTasks')}</Empty>}
      {tasks && groups(tasks, done).map(([group, rows]) => (
        <section key={group}>
          <h2 className={css.group}>{t(`taskGroup.${group}`)}</h2>
          <ul>
            {rows.map((task) => <Row key={task.id} task={task} calendars={calendars} onOpen={() => show(task)} onChanged={read} />)}
          </ul>
        </section>
      ))}
      {open && <TaskDialog key={open.id} task={open} calendars={calendars} onChanged={read} onClose={() => show(null)} />}
    </div>
  );
}

const dayOf = (task: CalendarEvent): string => {
  if (!task.due_at) return '';
  return task.all_day || task.due_at.endsWith('T00:00:00Z') ? task.due_at.slice(0, 10) : Temporal.Instant.from(task.due_at).toZonedDateTimeISO(Temporal.Now.timeZoneId()).toPlainDate().toString();
};

type Group = 'overdue' | 'today' | 'later' | 'some' | 'done';

function groups(tasks: CalendarEvent[], done: boolean): [Group, CalendarEvent[]][] {
  if (done) return [['done', tasks]];
  const today = Temporal.Now.plainDateISO().toString();
  const found: Record<Group, CalendarEvent[]> = { overdue: [], today: [], later: [], some: [], done: [] };
  for (const task of tasks) {
    const day = dayOf(task);
    const group = day === '' ? 'some' : day < today ? 'overdue' : day === today ? 'today' : 'later';
    found[group].push(task);
  }
  return (Object.entries(found) as [Group, CalendarEvent[]][]).filter(([, rows]) => rows.length > 0);
}

interface RowProps { task: CalendarEvent; calendars: Calendar[]; onOpen: () => void; onChanged: Changed }

function Row({ task, calendars, onOpen, onChanged }: RowProps) {
  const { t } = useTranslation('calendar');
  const { t: common } = useTranslation();
  const title = task.title || t('untitled');
  const calendar = calendars.find(({ id }) => id === task.collection_id);
  const nameOf = useCollectionName(calendars);
  const [wanted, want] = useState<boolean | null>(null);
  async function set(done: boolean): Promise<void> {
    want(done);
    try {
      await change({ id: task.id, key: '' }, 'all', doneness(done));
      await onChanged();
      if (done) toast({ text: t('taskDone', { title }), action: { label: common('act.undo'), run: () => void set(false) } });
    } catch (error) {
      want(null);
      toast({ text: faultText(common, error) });
    }
  }
  const isDone = wanted ?? task.done;
  const day = dayOf(task);
  return (
    <li className={css.task} data-done={isDone || undefined}>
      <input type="checkbox" checked={isDone} disabled={!calendar?.writable} aria-label={t('taskCheck', { title })} onChange={({ target }) => void set(target.checked)} />
      <button type="button" className={css.taskTitle} onClick={onOpen}>
        <span>{title}</span>
        <span className={css.quiet}>{[day && longDay(day), calendar && calendars.length > 1 ? nameOf(calendar) : ''].filter(Boolean).join(' · ')}</span>
      </button>
    </li>
  );
}

const longDay = (day: string): string => new Intl.DateTimeFormat(region(), { weekday: 'short', day: 'numeric', month: 'long', timeZone: 'UTC' }).format(new Date(day));

function doneness(done: boolean): { status: string; percent: number; completed: { at: string; zone: string } | null } {
  const now = Temporal.Now.zonedDateTimeISO('UTC').toPlainDateTime().toString({ smallestUnit: 'second' });
  return { status: done ? 'COMPLETED' : 'NEEDS-ACTION', percent: done ? 100 : 0, completed: done ? { at: now, zone: 'UTC' } : null };
}

function NewTask({ places, onMade }: { places: Calendar[]; onMade: Changed }) {
  const { t } = useTranslation('calendar');
  const { t: common } = useTranslation();
  const nameOf = useCollectionName(places);
  const [title, setTitle] = useState('');
  const [place, choose] = useState<Id>(places[0]!.id);
  const [fault, setFault] = useState('');
  async function add(submit: FormEvent): Promise<void> {
    submit.preventDefault();
    const found = quick(title, Temporal.Now.plainDateISO());
    if (!found.title.trim()) return;
    try {
      await make(place, { component: 'VTODO', title: found.title, ...(found.date ? { due: { date: found.date.toString() } } : {}) });
      setTitle('');
      setFault('');
      await onMade();
    } catch (error) {
      setFault(faultText(common, error));
    }
  }
  return (
    <form className={css.newTask} onSubmit={(submit) => void add(submit)}>
      {fault && <Notice kind="bad">{fault}</Notice>}
      <Field label={t('newTask')} hint={t('newTaskHint')} value={title} maxLength={1000} onChange={({ target }) => setTitle(target.value)} />
      {places.length > 1 && (
        <Select label={t('calendar')} value={place} onChange={({ target }) => choose(target.value)}>
          {places.map((calendar) => <option key={calendar.id} value={calendar.id}>{nameOf(calendar)}</option>)}
        </Select>
      )}
      <Button look="primary" type="submit" disabled={!title.trim()}>{t('addTask')}</Button>
    </form>
  );
}

interface TaskDialogProps { task: CalendarEvent; calendars: Calendar[]; onChanged: Changed; onClose: () => void }

function TaskDialog({ task, calendars, onChanged, onClose }: TaskDialogProps) {
  const { t } = useTranslation('calendar');
  const { t: common } = useTranslation();
  const [title, setTitle] = useState(task.title);
  const [due, setDue] = useState(dayOf(task));
  const [notes, setNotes] = useState<string | null>(null);
  const [known, setKnown] = useState('');
  const [fault, setFault] = useState('');
  const writable = calendars.find(({ id }) => id === task.collection_id)?.writable ?? false;
  useEffect(() => {
    let current = true;
    request<WholeEvent>(`events/${task.id}`).then(
      ({ item }) => {
        if (!current) return;
        setKnown(item?.description ?? '');
        setNotes(item?.description ?? '');
      },
      (error: unknown) => current && setFault(faultText(common, error)),
    );
    return () => {
      current = false;
    };
  }, [task.id, common]);
  async function act(doing: () => Promise<unknown>): Promise<void> {
    try {
      await doing();
      await onChanged();
      onClose();
    } catch (error) {
      setFault(faultText(common, error));
    }
  }
  const save = (): Promise<unknown> => change({ id: task.id, key: '' }, 'all', {
    ...(title === task.title ? {} : { title }),
    ...(due === dayOf(task) ? {} : { due: due ? { date: due } : null }),
    ...(notes === null || notes === known ? {} : { description: notes }),
  });
  return (
    <Dialog title={task.title || t('untitled')} onClose={onClose}>
      <form
        className={css.form}
        onSubmit={(submit) => {
          submit.preventDefault();
          void act(save);
        }}
      >
        {fault && <Notice kind="bad">{fault}</Notice>}
        <Field label={t('name')} value={title} maxLength={1000} disabled={!writable} onChange={({ target }) => setTitle(target.value)} />
        <Field label={t('due')} type="date" value={due} disabled={!writable} onChange={({ target }) => setDue(target.value)} />
        <label className={css.area}>
          <span className={uiCss.label}>{t('description')}</span>
          <textarea className={uiCss.input} rows={5} maxLength={100_000} disabled={!writable || notes === null} value={notes ?? ''} onChange={({ target }) => setNotes(target.value)} />
        </label>
        {writable && (
          <DialogActions>
            <Button look="quiet" onClick={() => void act(() => remove({ id: task.id, key: '' }, 'all'))}>{t('delete')}</Button>
            <Button look="primary" type="submit">{t('save')}</Button>
          </DialogActions>
        )}
      </form>
    </Dialog>
  );
}

const inCalendars = (frame: JournalEvent): boolean => frame.event.startsWith('calendar:');
