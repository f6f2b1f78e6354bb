"""``report.html``: one file without scripts that needs nothing but itself.

``markup``   elements; whatever is not markup is escaped
``words``    numbers, times and durations as people read them
``axes``, ``hours``, ``thinning``, ``canvas``   what all charts are made of
``equity``, ``prices``, ``months``, ``histogram``   the charts
``figures``, ``trades``, ``ground``, ``again``   the tables and the prose
``style``    colours, light and dark, screen and paper
``page``     all of it
"""
