"""What a backtest comes to: told while it runs, measured and written when it ends.

The run tells a ``recorder.Recorder``; at the end (or meanwhile, for ``GET
/v1/backtest/report``) a ``document.Report`` is made of it, which can be written to a
directory::

    recorder = Recorder(cash)
    recorder.closed("GOOG", end, prices, balance, equity, margin_used)   # at every bar close
    recorder.filled(Fill(trade=trade, order_type=..., where=Where.OPEN))
    recorder.ended(order)
    report = Report.of(recorder, setup, ending)
    report.document                                                     # what report.json holds
    report.write(directory)
"""
