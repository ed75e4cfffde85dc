// Texts that one uses again and again.
import i18next from 'i18next';
import { Plus } from 'lucide-react';
import { lazy, Suspense, useEffect, useRef, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem, Unreachable } from '../api/request';
import { calls } from '../compose/calls';
import compose from '../compose/compose.module.css';
import { currentStudio } from '../compose/studio';
import { fieldsOf } from '../compose/templates';
import { TextEditor, type TextHandle } from '../compose/TextEditor';
import type { Template } from '../compose/types';
import '../compose/words';
import { Button } from '../ui/Button';
import { Field } from '../ui/Field';
import { Notice, Spinner } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import css from './settings.module.css';

const Dialog = lazy(() => import('../ui/Dialog'));

export function Templates() {
  const { t } = useTranslation('compose');
  const [templates, setTemplates] = useState<Template[] | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [editing, edit] = useState<string | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  async function read(): Promise<void> {
    try {
      const { items } = await calls.templates();
      setTemplates(items);
      currentStudio()?.setTemplates(items);
      setFault(null);
    } catch (error) {
      setFault(error);
    }
  }
  useEffect(() => {
    void read();
    if (location.hash === '#templates') heading.current?.scrollIntoView({ block: 'start' });
  }, []);
  async function done(): Promise<void> {
    await read();
    edit(null);
  }
  return (
    <section className={css.section} aria-labelledby="templates">
      <h2 id="templates" ref={heading}>{t('settings.templates')}</h2>
      <p className={css.lead}>{t('settings.templatesHint', { name: '{{name}}' })}</p>
      {fault !== null && <Notice kind="warn"><span>{t('settings.failed', { reason: faultText(i18next.t, fault) })}</span><Button look="link" onClick={() => void read()}>{t('retry')}</Button></Notice>}
      {templates?.length === 0 && editing === null && <p className={css.hint}>{t('settings.noTemplates')}</p>}
      <ul>
        {templates?.map((template) => (
          <li key={template.id} className={css.session}>
            {editing === template.id
              ? <TemplateForm template={template} onDone={() => void done()} onClose={() => edit(null)} />
              : (
                <>
                  <div className={css.sessionText}>
                    <p>{template.name}</p>
                    {template.subject && <p className={css.hint}>{template.subject}</p>}
                  </div>
                  <Button look="quiet" aria-label={`${t('settings.edit')}: ${template.name}`} onClick={() => edit(template.id)}>{t('settings.edit')}</Button>
                </>
              )}
          </li>
        ))}
      </ul>
      {editing === 'new'
        ? <TemplateForm template={null} onDone={() => void done()} onClose={() => edit(null)} />
        : <div><Button onClick={() => edit('new')}><Plus size={16} aria-hidden />{t('settings.addTemplate')}</Button></div>}
    </section>
  );
}

function TemplateForm({ template, onDone, onClose }: { template: Template | null; onDone: () => void; onClose: () => void }) {
  const { t } = useTranslation('compose');
  const text = useRef<TextHandle>(null);
  const [name, setName] = useState(template?.name ?? '');
  const [subject, setSubject] = useState(template?.subject ?? '');
  const [html, setHtml] = useState(template?.html ?? '');
  const [busy, setBusy] = useState(false);
  const [removing, setRemoving] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const fields = fieldsOf(subject, html);
  async function attempt(work: () => Promise<unknown>): Promise<void> {
    setBusy(true);
    setFault(null);
    try {
      await work();
      toast({ text: t('settings.saved') });
      onDone();
    } catch (error) {
      if (!(error instanceof Problem) && !(error instanceof Unreachable)) throw error;
      setFault(faultText(i18next.t, error));
      setBusy(false);
    }
  }
  function submit(event: FormEvent): void {
    event.preventDefault();
    if (!name.trim()) return;
    const body = { name: name.trim(), subject, html: text.current?.html() ?? html };
    void attempt(() => (template ? calls.changeTemplate(template.id, body) : calls.addTemplate(body)));
  }
  return (
    <form className={`${css.form} ${compose.settingsForm}`} noValidate onSubmit={submit}>
      {fault && <Notice kind="bad">{fault}</Notice>}
      <div className={css.pair}>
        <Field label={t('settings.templateName')} autoFocus required maxLength={120} value={name} onChange={(event) => setName(event.target.value)} />
        <Field label={t('settings.templateSubject')} value={subject} onChange={(event) => setSubject(event.target.value)} />
      </div>
      <div>
        <p className={css.switchLabel}>{t('settings.templateText')}</p>
        <div className={compose.boxed}>
          <TextEditor ref={text} html={html} signature="" label={t('settings.templateText')} placeholder="" editable keys={null} pictures={null} onChange={setHtml} className={compose.smallText ?? ''} />
        </div>
        {fields.length > 0 && <p className={css.hint}>{t('settings.fieldsFound', { fields: fields.join(', ') })}</p>}
      </div>
      <div className={compose.formButtons}>
        <Button type="submit" look="primary" disabled={!name.trim()} aria-disabled={busy}>{busy && <Spinner />}{t('settings.save')}</Button>
        <Button onClick={onClose}>{t('settings.cancel')}</Button>
        {template && <Button look="quiet" onClick={() => setRemoving(true)}>{t('remove')}</Button>}
      </div>
      <Suspense fallback={null}>
        {removing && template && (
          <Dialog title={t('settings.removeTemplateTitle', { name: template.name })} alert onClose={() => setRemoving(false)}>
            <div className={compose.formButtons}>
              <Button autoFocus onClick={() => setRemoving(false)}>{t('settings.cancel')}</Button>
              <Button look="danger" onClick={() => { setRemoving(false); void attempt(() => calls.removeTemplate(template.id)); }}>{t('remove')}</Button>
            </div>
          </Dialog>
        )}
      </Suspense>
    </form>
  );
}
