// The sheet that ? opens: every command with its key.
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import Dialog from '../ui/Dialog';
import { Kbd } from '../ui/Feedback';
import { KEY_GROUPS, shownKeys, type CommandId } from './keymap';
import css from './overlays.module.css';
import { singleKeys } from './preferences';

export default function KeySheet({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog title={t('keys.title')} width="wide" onClose={onClose}>
      {!singleKeys() && <p className={css.quiet}>{t('keys.disabled')}</p>}
      <div className={css.groups}>
        {KEY_GROUPS.map(({ title, commands }) => (
          <section key={title}>
            <h3>{t(`keys.${title}`)}</h3>
            <dl className={css.keys}>
              {commands.map((id) => (
                <Fragment key={id}>
                  <dt><Keys id={id} /></dt>
                  <dd>{t(`command.${id}`)}</dd>
                </Fragment>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

export function Keys({ id }: { id: CommandId }) {
  const { t } = useTranslation();
  return shownKeys(id).map((press, index) => (
    <Fragment key={index}>
      {index > 0 && <span className={css.then}> {t('keys.followedBy')} </span>}
      {press.map((key) => <Kbd key={key}>{key}</Kbd>)}
    </Fragment>
  ));
}
