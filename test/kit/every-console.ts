/** A console with all that is made on request only. */
export const everyConsole = {
  enabled: true,
  replicas: 2,
  publicUrl: 'https://backups.example.com',
  proxy: {
    header: 'x-forwarded-access-token',
    issuer: 'https://login.example.com',
    audience: 'backups',
    keysUrl: 'https://login.example.com:8443/keys',
    groups: ['grill-stats-oncall', 'grill-stats-developers'],
  },
  clients: [{ podLabels: { app: 'ingress' }, namespace: 'ingress' }],
  ingress: {
    className: 'nginx',
    tlsSecret: 'console-tls',
    annotations: { 'nginx.ingress.kubernetes.io/auth-url': 'x' },
  },
  httpRoute: { gateway: 'public', namespace: 'gateways', listener: 'https' },
  awsRole: 'arn:aws:iam::123456789012:role/grill-stats-console',
} as const;
