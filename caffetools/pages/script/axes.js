// Ticks of axes, and numbers as text.
const valueText = (value) => {
  const rounded = Number(value.toPrecision(6));
  const isShort = value === 0 || (Math.abs(value) >= 1e-4 && Math.abs(value) < 1e15);
  return isShort ? rounded.toLocaleString("en-US", { maximumSignificantDigits: 6 }) : String(rounded);
};
const linearTicks = (low, high) => {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999);
  const ticks = [];
  for (let n = Math.ceil(low / step - 1e-6); n <= Math.floor(high / step + 1e-6); n += 1) ticks.push(n * step);
  return ticks;
};
const logTicks = (low, high) => {
  const powers = [];
  for (let n = Math.floor(Math.log10(low)); n <= Math.ceil(Math.log10(high)); n += 1) powers.push(n);
  const fitting = (factors) => powers.flatMap((n) => factors.map((factor) => Number(`${factor}e${n}`)))
    .filter((tick) => tick >= low * (1 - 1e-6) && tick <= high * (1 + 1e-6));
  const tens = fitting([1]);
  if (tens.length > 8) return tens.filter((_, index) => index % Math.ceil(tens.length / 8) === 0);
  const finer = tens.length < 3 ? fitting([1, 2, 5]) : tens;
  return finer.length < 2 ? linearTicks(low, high) : finer;
};
const svgElement = (name, attributes, text) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
};
