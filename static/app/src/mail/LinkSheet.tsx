// Asked before a link is followed whose text shows another address than the one it opens.
import { useTranslation } from 'react-i18next';
import { Button } from '../ui/Button';
import Dialog, { DialogActions } from '../ui/Dialog';
import { hostOf, visit } from './links';
import css from './reader.module.css';

export default function LinkSheet({ href, shown, onClose }: { href: string; shown: string; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog title={t('link.title')} alert onClose={onClose}>
      <p>{t('link.body', { shown })}</p>
      <p className={css.linkHost}>{hostOf(href)}</p>
      <p className={css.linkFull}>{href}</p>
      <DialogActions>
        <Button onClick={onClose} autoFocus>{t('common.cancel')}</Button>
        <Button look="danger" onClick={() => { visit(href); onClose(); }}>{t('link.open')}</Button>
      </DialogActions>
    </Dialog>
  );
}
