/** A bucket of Grill Stats: how long its points live, and how far apart they are. */
export interface Series {
  readonly bucket: string;
  /** 0: for ever. */
  readonly retentionHours: number;
  readonly stepSeconds: number;
  readonly devices: number;
}

/** Readings as they come, then means per hour and per day. */
export const buckets = {
  raw: { bucket: 'raw', retentionHours: 30 * 24, stepSeconds: 30, devices: 200 },
  hourly: { bucket: 'hourly', retentionHours: 364 * 24, stepSeconds: 3600, devices: 20 },
  daily: { bucket: 'daily', retentionHours: 0, stepSeconds: 86_400, devices: 10 },
} as const satisfies Record<string, Series>;

const point = (device: number, step: number, time: number): string => {
  const celsius = (80 + 30 * Math.sin((step + device) / 40) + (device % 7)).toFixed(2);
  const probe = step % 2 ? 'meat' : 'pit\\ left';
  const alarm = Number(celsius) > 110 ? ',alarm=true,note="over 110 °C"' : '';
  return `temperature,device=TW-${device},probe=${probe} celsius=${celsius},samples=${step % 9}i${alarm} ${time}000000000`;
};

/** Line protocol of all devices at one step back from `now` (unix seconds). */
export const linesAt = ({ devices, stepSeconds }: Series, step: number, now: number): string =>
  Array.from({ length: devices }, (_, device) => point(device, step, now - step * stepSeconds)).join('\n');
