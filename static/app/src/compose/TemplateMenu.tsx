// Texts that are used again and again: put one in, its open fields filled; keep what is written as a new one.
import { LayoutTemplate } from 'lucide-react';
import { lazy, Suspense, useCallback, useRef, useState, useSyncExternalStore } from 'react';
import { Menu, MenuItem, Popover, Separator } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { messageDay } from './days';
import { IconButton } from '../ui/Button';
import menu from '../ui/menu.module.css';
import type { Studio } from './studio';
import { fieldsOf, filled, knownValues } from './templates';
import type { DraftFields, Template } from './types';

const TemplateFill = lazy(() => import('./TemplateFill'));
const TemplateSave = lazy(() => import('./TemplateSave'));

interface TemplateMenuProps {
  studio: Studio;
  disabled: boolean;
  draft: DraftFields;
  onInsert: (made: { subject: string; html: string }) => void;
  /** Make room for another page. */
  onLeave: () => void;
  /** What is written now. */
  written: () => { subject: string; html: string };
}

export function TemplateMenu({ studio, disabled, draft, onInsert, onLeave, written }: TemplateMenuProps) {
  const { t } = useTranslation('compose');
  const [, navigate] = useLocation();
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState<'menu' | 'save' | { fill: Template; fields: string[] } | null>(null);
  const templates = useSyncExternalStore(useCallback((listener) => studio.on(listener), [studio]), () => studio.templates);
  const identity = studio.identity(draft.identity_id);
  const known = (): Record<string, string> => knownValues(draft.to[0], draft.subject, identity, messageDay());
  function insert(template: Template): void {
    const missing = fieldsOf(template.subject, template.html).filter((field) => !(known()[field] ?? known()[field.toLowerCase()]));
    if (missing.length > 0) setOpen({ fill: template, fields: missing });
    else {
      setOpen(null);
      onInsert(filled(template, known()));
    }
  }
  return (
    <>
      <IconButton ref={button} label={t('template.menu')} disabled={disabled} aria-haspopup="menu" aria-expanded={open === 'menu'} onClick={() => setOpen('menu')}><LayoutTemplate size={20} aria-hidden /></IconButton>
      {open === 'menu' && (
        <Popover triggerRef={button} isOpen onOpenChange={(now) => !now && setOpen(null)} placement="top end" aria-label={t('template.menu')} className={menu.popover ?? ''}>
          <Menu
            aria-label={t('template.menu')}
            className={menu.menu ?? ''}
            autoFocus="first"
            disabledKeys={['none']}
            onAction={(key) => {
              const template = templates.find(({ id }) => id === key);
              if (template) insert(template);
              else if (key === 'save') setOpen('save');
              else {
                setOpen(null);
                onLeave();
                navigate('/settings#templates');
              }
            }}
          >
            {templates.length === 0 && <MenuItem id="none" className={menu.item ?? ''}>{t('template.none')}</MenuItem>}
            {templates.map(({ id, name }) => <MenuItem key={id} id={id} className={menu.item ?? ''}>{name}</MenuItem>)}
            <Separator className={menu.line ?? ''} />
            <MenuItem id="save" className={menu.item ?? ''}>{t('template.saveAs')}</MenuItem>
            <MenuItem id="manage" className={menu.item ?? ''}>{t('template.manage')}</MenuItem>
          </Menu>
        </Popover>
      )}
      <Suspense fallback={null}>
        {open === 'save' && <TemplateSave studio={studio} written={written()} onClose={() => setOpen(null)} />}
        {open !== null && typeof open === 'object' && (
          <TemplateFill
            fields={open.fields}
            onClose={() => setOpen(null)}
            onFill={(values) => {
              const template = open.fill;
              setOpen(null);
              onInsert(filled(template, { ...known(), ...values }));
            }}
          />
        )}
      </Suspense>
    </>
  );
}
