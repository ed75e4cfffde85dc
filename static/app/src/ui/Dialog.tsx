// Modal dialogs: focus stays inside, Esc and the scrim close, focus returns. Loaded when first needed.
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { IconButton } from './Button';
import css from './ui.module.css';

interface DialogProps {
  title: string;
  /** The title is read but not shown. */
  plain?: boolean;
  width?: 'normal' | 'wide' | 'palette';
  alert?: boolean;
  onClose: () => void;
  children: ReactNode;
}

export default function Dialog({ title, plain = false, width = 'normal', alert = false, onClose, children }: DialogProps) {
  const { t } = useTranslation();
  const widths = { normal: '', wide: css.modalWide, palette: css.modalPalette };
  return (
    <ModalOverlay isOpen isDismissable onOpenChange={(open) => !open && onClose()} className={`${css.scrim} ${width === 'palette' ? css.scrimTop : ''}`}>
      <Modal className={`${css.modal} ${widths[width]}`}>
        <AriaDialog role={alert ? 'alertdialog' : 'dialog'} className={plain ? '' : css.dialog ?? ''} {...(plain ? { 'aria-label': title } : {})}>
          {!plain && (
            <div className={css.dialogHead}>
              <Heading slot="title" level={2}>{title}</Heading>
              {!alert && <IconButton label={t('common.close')} onClick={onClose}><X size={20} aria-hidden /></IconButton>}
            </div>
          )}
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

export function DialogActions({ children }: { children: ReactNode }) {
  return <div className={css.dialogActions}>{children}</div>;
}
