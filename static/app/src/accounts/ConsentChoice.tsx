// What is to be kept in step, and the buttons that lead to the providers' own sign-in pages.
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { SURFACES, type Provider, type Surface } from '../api/types';
import { Button } from '../ui/Button';
import { Notice, Spinner } from '../ui/Feedback';
import css from './accounts.module.css';
import { useLeaving } from './consent';
import { Simulated } from './Simulated';
import { SurfaceChoice } from './SurfaceChoice';
import './words';

interface ConsentChoiceProps {
  providers: Provider[];
  /** The address that is expected there; empty when the person has not named one. */
  address?: string;
}

export function ConsentChoice({ providers, address = '' }: ConsentChoiceProps) {
  const { t } = useTranslation('consent');
  const id = useId();
  const [wanted, want] = useState<readonly Surface[]>(SURFACES);
  const [tried, setTried] = useState(false);
  const { to, fault, leave } = useLeaving();
  const none = tried && wanted.length === 0;
  const go = (provider: Provider): void => {
    setTried(true);
    if (wanted.length > 0) void leave({ provider: provider.name, surfaces: [...wanted], address });
  };
  const only = providers.length === 1 ? providers[0]! : null;
  return (
    <div className={css.consent}>
      {fault && <Notice kind="bad">{fault}</Notice>}
      <SurfaceChoice wanted={wanted} onChange={want} describedBy={none ? `${id}-none` : undefined} />
      {none && <p id={`${id}-none`} className={css.none} role="alert">{t('needSurface')}</p>}
      <div className={css.providers}>
        {providers.map((provider) => (
          <Button key={provider.name} wide look={only ? 'primary' : 'secondary'} aria-disabled={to !== null} onClick={() => go(provider)}>
            {to === provider.name && <Spinner />}
            {to === provider.name ? t('opening', { provider: provider.title }) : t('signIn', { provider: provider.title })}
            {provider.simulated && <>{' '}<Simulated /></>}
          </Button>
        ))}
      </div>
      {only && <p className={css.lead}>{t(only.simulated ? 'simulated' : 'howto', { provider: only.title })}</p>}
    </div>
  );
}
