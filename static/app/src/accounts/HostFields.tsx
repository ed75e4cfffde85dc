// Server settings by hand: host, port and security for mail, addresses for calendar and contacts.
import { useTranslation } from 'react-i18next';
import type { Host, Security } from '../api/types';
import { Field, Select } from '../ui/Field';
import css from './accounts.module.css';

export interface ServerSettings {
  username: string;
  imap: Host;
  smtp: Host;
  caldav: string;
  carddav: string;
}

/** The usual port of each security setting, so that changing one changes the other. */
const USUAL_PORTS: Record<'imap' | 'smtp', Record<Security, number>> = {
  imap: { tls: 993, starttls: 143, none: 143 },
  smtp: { tls: 465, starttls: 587, none: 25 },
};

interface HostFieldsProps {
  settings: ServerSettings;
  onChange: (settings: ServerSettings) => void;
  disabled: boolean;
  missingHost: boolean;
}

export function HostFields({ settings, onChange, disabled, missingHost }: HostFieldsProps) {
  const { t } = useTranslation();
  return (
    <fieldset className={css.hosts} disabled={disabled}>
      <legend className="vh">{t('connect.settings')}</legend>
      <Field
        label={t('connect.username')}
        name="username"
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        value={settings.username}
        onChange={(event) => onChange({ ...settings, username: event.target.value })}
      />
      <HostField
        service="imap"
        host={settings.imap}
        error={missingHost ? t('connect.needHost') : undefined}
        onChange={(imap) => onChange({ ...settings, imap })}
      />
      <HostField service="smtp" host={settings.smtp} onChange={(smtp) => onChange({ ...settings, smtp })} />
      {(['caldav', 'carddav'] as const).map((service) => (
        <Field
          key={service}
          label={t(`connect.${service}`)}
          optional
          type="url"
          name={service}
          autoComplete="off"
          spellCheck={false}
          placeholder="https://"
          value={settings[service]}
          onChange={(event) => onChange({ ...settings, [service]: event.target.value })}
        />
      ))}
    </fieldset>
  );
}

interface HostFieldProps {
  service: 'imap' | 'smtp';
  host: Host;
  error?: string | undefined;
  onChange: (host: Host) => void;
}

function HostField({ service, host, error, onChange }: HostFieldProps) {
  const { t } = useTranslation();
  return (
    <fieldset className={css.host}>
      <legend>{t(`connect.${service}`)}</legend>
      <Field
        label={t('connect.host')}
        name={`${service}-host`}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        value={host.host}
        onChange={(event) => onChange({ ...host, host: event.target.value.trim() })}
        error={error}
        className={css.hostName ?? ''}
      />
      <Field
        label={t('connect.port')}
        name={`${service}-port`}
        inputMode="numeric"
        value={host.port ? String(host.port) : ''}
        onChange={(event) => onChange({ ...host, port: Number(event.target.value.replace(/\D/g, '').slice(0, 5)) })}
      />
      <Select
        label={t('connect.security')}
        name={`${service}-security`}
        value={host.security}
        onChange={(event) => {
          const security = event.target.value as Security;
          const usual = host.port === USUAL_PORTS[service][host.security];
          onChange({ ...host, security, port: usual ? USUAL_PORTS[service][security] : host.port });
        }}
      >
        <option value="tls">{t('connect.tls')}</option>
        <option value="starttls">{t('connect.starttls')}</option>
        <option value="none">{t('connect.noSecurity')}</option>
      </Select>
    </fieldset>
  );
}
