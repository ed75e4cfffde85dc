// How PMSync looks and speaks here, who one is, and where one is logged in.
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Locale, Me } from '../api/types';
import { request, session } from '../auth/session';
import { language } from '../i18n';
import { changeLanguage, leave } from '../shell/personal';
import { askToNotify, canNotify, wantsNotifications } from '../shell/notify';
import { afterArchive, density, markRead, remember, setDensity, setTheme, singleKeys, theme, type Density, type Theme } from '../shell/preferences';
import { usePreference } from '../shell/usePreference';
import { Button } from '../ui/Button';
import { Field, Select } from '../ui/Field';
import { Spinner } from '../ui/Feedback';
import { faultText } from '../ui/fault';
import { toast } from '../ui/toast';
import { ImageSenders } from './ImageSenders';
import { PasswordForm } from './PasswordForm';
import { PushSwitch } from './PushSwitch';
import { Sessions } from './Sessions';
import css from './settings.module.css';
import { Switch } from './Switch';

const WritingSettings = lazy(() => import('./Identities'));
const AssistantSettings = lazy(() => import('../agents/AssistantSettings'));

export default function SettingsPage({ me }: { me: Me }) {
  const { t } = useTranslation();
  return (
    <div className={css.scroll}>
      <div className={css.page}>
        <h1>{t('settings.title')}</h1>
        <Appearance />
        <MailSettings me={me} />
        <Profile me={me} />
        <Suspense fallback={null}><WritingSettings /></Suspense>
        <Suspense fallback={null}><AssistantSettings /></Suspense>
        <Security me={me} />
        <section className={css.section}>
          <Sessions />
          <div><Button onClick={() => void leave(t('settings.logOutFailed'))}>{t('settings.logOut')}</Button></div>
        </section>
      </div>
    </div>
  );
}

function Appearance() {
  const { t } = useTranslation();
  const shownTheme = usePreference(theme);
  const shownDensity = usePreference(density);
  const keys = usePreference(singleKeys);
  return (
    <section className={css.section} aria-labelledby="appearance">
      <h2 id="appearance">{t('settings.appearance')}</h2>
      <div className={css.pair}>
        <Select label={t('settings.theme')} value={shownTheme} onChange={(event) => setTheme(event.target.value as Theme)}>
          {(['system', 'light', 'dark'] as const).map((value) => <option key={value} value={value}>{t(`settings.themes.${value}`)}</option>)}
        </Select>
        <Select label={t('settings.density')} value={shownDensity} onChange={(event) => setDensity(event.target.value as Density)}>
          {(['comfortable', 'compact'] as const).map((value) => <option key={value} value={value}>{t(`settings.densities.${value}`)}</option>)}
        </Select>
        <Select label={t('settings.language')} value={language()} onChange={(event) => void changeLanguage(event.target.value as Locale)}>
          {(['it', 'en'] as const).map((value) => <option key={value} value={value}>{t(`settings.languages.${value}`)}</option>)}
        </Select>
      </div>
      <Switch label={t('settings.shortcuts')} hint={t('settings.shortcutsHint')} on={keys} onChange={(on) => remember('shortcuts', on ? null : 'off')} />
    </section>
  );
}

function MailSettings({ me }: { me: Me }) {
  const { t } = useTranslation();
  const after = usePreference(afterArchive);
  const reading = usePreference(markRead);
  const notified = usePreference(wantsNotifications);
  async function notify(on: boolean): Promise<void> {
    if (!on) return remember('notify', null);
    if (await askToNotify()) remember('notify', 'on');
    else toast({ text: t('settings.notifyRefused') });
  }
  return (
    <section className={css.section} aria-labelledby="mail-settings">
      <h2 id="mail-settings">{t('settings.mail')}</h2>
      <div className={css.pair}>
        <Select label={t('settings.afterArchive')} value={after} onChange={(event) => remember('after-archive', event.target.value === 'next' ? null : event.target.value)}>
          {(['next', 'previous', 'list'] as const).map((value) => <option key={value} value={value}>{t(`settings.afterArchives.${value}`)}</option>)}
        </Select>
        <Select label={t('settings.markRead')} value={reading} onChange={(event) => remember('mark-read', event.target.value === 'second' ? null : event.target.value)}>
          {(['second', 'never'] as const).map((value) => <option key={value} value={value}>{t(`settings.markReads.${value}`)}</option>)}
        </Select>
      </div>
      <ImageSenders />
      {canNotify() && <Switch label={t('settings.notify')} hint={t('settings.notifyHint')} on={notified} onChange={(on) => void notify(on)} />}
      <PushSwitch person={me.id} />
    </section>
  );
}

/** Save one change of `me`; its fault becomes a toast and the field keeps what was typed. */
function useSaveMe() {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  async function save(change: Partial<Pick<Me, 'name' | 'timezone' | 'two_step'>>): Promise<void> {
    setBusy(true);
    try {
      session.setMe(await request<Me>('me', { method: 'PATCH', body: change }));
      toast({ text: t('common.saved') });
    } catch (error) {
      toast({ text: faultText(t, error) });
    } finally {
      setBusy(false);
    }
  }
  return { busy, save };
}

function Profile({ me }: { me: Me }) {
  const { t } = useTranslation();
  const [name, setName] = useState(me.name);
  const [zone, setZone] = useState(me.timezone);
  const { busy, save } = useSaveMe();
  const others = me.tenants.filter(({ slug }) => slug !== me.tenant.slug);
  const changed = name.trim() !== me.name || zone !== me.timezone;
  return (
    <section className={css.section} aria-labelledby="profile">
      <h2 id="profile">{t('settings.profile')}</h2>
      <p className={css.lead}>{me.email} · {me.tenant.name}</p>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          void save({ name: name.trim(), timezone: zone });
        }}
      >
        <div className={css.pair}>
          <Field label={t('settings.name')} name="name" autoComplete="name" value={name} onChange={(event) => setName(event.target.value)} />
          <Select label={t('settings.timezone')} name="timezone" value={zone} onChange={(event) => setZone(event.target.value)}>
            {zones(zone).map((value) => <option key={value} value={value}>{value.replaceAll('_', ' ')}</option>)}
          </Select>
        </div>
        <div><Button type="submit" look="primary" disabled={busy || !changed}>{busy && <Spinner />}{t('common.save')}</Button></div>
      </form>
      {others.length > 0 && (
        <div className={css.others}>
          <h3>{t('settings.workspace')}</h3>
          {others.map((tenant) => (
            <Button key={tenant.slug} onClick={() => void session.switchTenant(tenant.slug).catch((error: unknown) => toast({ text: faultText(t, error) }))}>
              {t('settings.switchTo', { name: tenant.name })}
            </Button>
          ))}
        </div>
      )}
    </section>
  );
}

function zones(own: string): string[] {
  const known = Intl.supportedValuesOf('timeZone');
  return known.includes(own) ? known : [own, ...known];
}

function Security({ me }: { me: Me }) {
  const { t } = useTranslation();
  const { busy, save } = useSaveMe();
  return (
    <section className={css.section} aria-labelledby="security">
      <h2 id="security">{t('settings.security')}</h2>
      <Switch label={t('settings.twoStep')} hint={t('settings.twoStepHint')} on={me.two_step} disabled={busy} onChange={(two_step) => void save({ two_step })} />
      <PasswordForm />
    </section>
  );
}
