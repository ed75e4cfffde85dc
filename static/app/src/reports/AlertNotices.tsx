// Says in place that a follow-up's time is up, wherever one is in the app. Loaded once the page stands.
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { useMirror } from '../store/hooks';
import { toast } from '../ui/toast';
import './words';

export default function AlertNotices() {
  const { t } = useTranslation('reports');
  const mirror = useMirror();
  const [, navigate] = useLocation();
  useEffect(() => mirror.onFrame((frame) => {
    if (frame.event !== 'alert:new') return;
    const said = frame.data.follow_up.said || frame.data.follow_up.who;
    toast({ text: t('newAlert', { said }), action: { label: t('show'), run: () => navigate('/follow-ups?direction=alerts') } });
  }), [mirror, navigate, t]);
  return null;
}
