#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write real series of bars for bench_pack.

    bench/real_series.py DATA OUT

DATA holds files of bars as their publishers have them; each that is there
becomes OUT/NAME.bars: rows (i64), then times (i64 nanoseconds), open, high,
low, close and volume (f64), column by column, times ascending and once each.
"""
import array
import csv
import datetime
import glob
import gzip
import io
import json
import os
import struct
import sys
import zipfile

OHLCV = (1, 2, 3, 4, 5)
OCHL = (1, 3, 4, 2, 5)  # open, close, high, low


def moment(text, form):
    """Nanoseconds of a time; 's' and 'ms' are counts since 1970."""
    if form in ("s", "ms"):
        return int(text) * (10**9 if form == "s" else 10**6)
    when = datetime.datetime.strptime(text[:19].strip(), form)
    when = when.replace(tzinfo=datetime.timezone.utc)
    return int(when.timestamp()) * 10**9


def read_text(path):
    with open(path, "rb") as file:
        data = file.read()
    if path.endswith(".gz"):
        data = gzip.decompress(data)
    elif path.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            data = packed.read(packed.namelist()[0])
    return data.decode()


def read_csv(path, form, places, comma=",", dates=1, scale=1):
    """Rows of a file whose first 'dates' fields are the time."""
    for row in csv.reader(io.StringIO(read_text(path)), delimiter=comma):
        if len(row) < dates + 4 or not row[0][:1].isdigit():
            continue
        cells = [" ".join(cell.strip() for cell in row[:dates])]
        cells += row[dates:] + ["0"]
        prices = [float(cells[i]) / scale for i in places[:4]]
        yield moment(cells[0], form), *prices, float(cells[places[4]])


def read_json(path):
    for row in json.loads(read_text(path)):
        yield row[0] * 10**6, *map(float, row[1:6])


ISO = "%Y-%m-%d %H:%M:%S"
SERIES = {
    "btcusd-bitfinex-1m": ("bitfinex/BTCUSD_1m_2015.csv.gz", "ms", OCHL),
    "ltcusd-bitfinex-1m": ("bitfinex/LTCUSD_1m_2013.csv.gz", "ms", OCHL),
    "gbpusd-fxcm-1m": ("nautilus/gbpusd-m1-bid-2012.csv", ISO, OHLCV),
    "6eh4-cme-1m": (
        "nautilus/6EH4.XCME_1min_bars_20240101_20240131.csv.gz", ISO, OHLCV),
    "btcusdc-kraken-1m": ("iaqf/kraken_BTCUSDC_1m_2023.csv", "s", OHLCV),
    "unittest-btc-1m": ("freqtrade/UNITTEST_BTC-1m.json",),
    "spy-2011-1m": ("pyalgotrade/nt-spy-minute-2011.csv", "%Y%m%d %H%M%S",
                    OHLCV, ";"),
    "estoxx-2006-1m": ("backtrader/2006-01-02-volume-min-001.txt", ISO, OHLCV,
                       ",", 2),
    "spy-2015-1m": ("erikmattheis/spy-*.csv", "%m/%d/%Y %H:%M", OHLCV, ",",
                    2),
    "sp500-2019-1m": ("mplfinance/SP500_NOV2019_IDay.csv", "%m/%d/%Y %H:%M",
                      OCHL),
    "spy-1h": ("lean/equity_usa_hour_spy.zip", "%Y%m%d %H:%M", OHLCV, ",", 1,
               10000),
    "eurusd-1h": ("backtesting.py/EURUSD.csv", ISO, OHLCV),
    "yhoo-1d": ("backtrader/yhoo-1996-2014.txt", "%Y-%m-%d",
                (1, 2, 3, 4, 6)),
    "spy-adjusted-1d": ("yfinance/SPY_daily_long.csv", "%Y-%m-%d",
                        (4, 2, 3, 1, 5)),
}


def write(path, rows):
    rows = sorted({row[0]: row for row in reversed(rows)}.values())
    with open(path, "wb") as file:
        file.write(struct.pack("<q", len(rows)))
        for i, kind in enumerate("qddddd"):
            array.array(kind, [row[i] for row in rows]).tofile(file)


def main():
    data, out = sys.argv[1:3]
    os.makedirs(out, exist_ok=True)
    for name, (pattern, *how) in SERIES.items():
        rows = []
        for path in sorted(glob.glob(os.path.join(data, pattern))):
            rows += read_csv(path, *how) if how else read_json(path)
        if rows:
            write(os.path.join(out, name + ".bars"), rows)
        else:
            print(f"real_series: absent: {name}", file=sys.stderr)


if __name__ == "__main__":
    main()
