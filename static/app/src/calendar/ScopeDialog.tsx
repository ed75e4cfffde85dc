// Asked when a series is changed or deleted by one of its dates: which of them are meant.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import css from './calendar.module.css';
import type { Scope } from './types';

const SCOPES: Scope[] = ['this', 'following', 'all'];

interface ScopeDialogProps {
  deletes?: boolean;
  onChosen: (scope: Scope) => void;
  onClose: () => void;
}

export function ScopeDialog({ deletes = false, onChosen, onClose }: ScopeDialogProps) {
  const { t } = useTranslation('calendar');
  const { t: common } = useTranslation();
  const [scope, setScope] = useState<Scope>('this');
  return (
    <Dialog title={t(deletes ? 'scopeDelete' : 'scopeEdit')} alert onClose={onClose}>
      <fieldset className={css.scopes}>
        {SCOPES.map((one) => (
          <label key={one} className={css.scope}>
            <input type="radio" name="scope" checked={scope === one} autoFocus={one === 'this'} onChange={() => setScope(one)} />
            <span>{t(`scope.${one}`)}</span>
          </label>
        ))}
      </fieldset>
      <DialogActions>
        <Button onClick={onClose}>{common('common.cancel')}</Button>
        <Button look={deletes ? 'danger' : 'primary'} onClick={() => onChosen(scope)}>{t(deletes ? 'delete' : 'go')}</Button>
      </DialogActions>
    </Dialog>
  );
}
