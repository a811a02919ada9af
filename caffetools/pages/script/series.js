// Lines of charts: their points, smoothed values, and the values that an axis has to show.
const AVERAGED = 1000; // number of points of a line that the weight of smoothing refers to

const decodedLine = ({ x, y, ...line }) => {
  const text = atob(y);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  const values = new Float32Array(bytes.buffer);
  const xs = new Float64Array(values.length);
  let at = 0;
  for (let k = 0; k < x.length; k += 3) {
    for (let n = 0; n < x[k + 2]; n += 1) {
      xs[at] = x[k] + n * x[k + 1];
      at += 1;
    }
  }
  return { ...line, xs, values, weight: 0, smoothed: values };
};

// Exponential moving average without the bias of its start. A long line is averaged over the same
// share of its points as one of 1,000 points.
const smooth = (line, weight) => {
  if (line.weight === weight) return;
  line.weight = weight;
  if (weight === 0 || line.values.length < 3) {
    line.smoothed = line.values;
    return;
  }
  const kept = weight ** Math.min(AVERAGED / line.values.length, 1);
  const smoothed = new Float32Array(line.values.length);
  let sum = 0;
  let total = 0;
  for (let i = 0; i < smoothed.length; i += 1) {
    sum = sum * kept + line.values[i] * (1 - kept);
    total = total * kept + 1 - kept;
    smoothed[i] = sum / total;
  }
  line.smoothed = smoothed;
};

// Index of the first point at or after an iteration.
const indexAt = (line, x) => {
  let low = 0;
  let high = line.xs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (line.xs[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
};
const nearestIndex = (line, x) => {
  const after = Math.min(indexAt(line, x), line.xs.length - 1);
  return after > 0 && x - line.xs[after - 1] < line.xs[after] - x ? after - 1 : after;
};

// Ends of the values of lines between two iterations. With `ignoring`, up to a twentieth of the
// values of each line, at least one, is ignored at an end that would make the range over three
// times as long.
const valueSpan = (lines, from, to, ignoring, scaled) => {
  let [least, most, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const line of lines) {
    const start = indexAt(line, from);
    const end = indexAt(line, to + 1e-9);
    const step = Math.ceil((end - start) / AVERAGED);
    const values = [];
    for (let i = start; i < end; i += 1) {
      const value = scaled(line.values[i]);
      if (!Number.isFinite(value)) continue;
      if (value < least) least = value;
      if (value > most) most = value;
      if ((i - start) % step === 0) values.push(value);
    }
    if (!values.length || !ignoring) continue;
    values.sort((a, b) => a - b);
    const spare = Math.min(Math.max(Math.floor(values.length / 20), 1), (values.length - 1) >> 1);
    low = Math.min(low, values[spare]);
    high = Math.max(high, values[values.length - 1 - spare]);
  }
  let span = [least, most];
  if (high > low) span = [high - least <= 3 * (high - low) ? least : low, most - low <= 3 * (high - low) ? most : high];
  if (least > most) span = [0, 1];
  if (span[1] - span[0] <= 1e-9 * Math.max(Math.abs(span[0]), Math.abs(span[1]))) {
    const spare = Math.abs(span[0]) * 0.5 || 1;
    span = [span[0] - spare, span[1] + spare];
  }
  return { span, isCut: least < span[0] || most > span[1], least, most };
};
