"""What is counted and measured, and the page that shows it (protocol section 4.1).

``meters`` holds every metric behind methods in the trade's words, ``exposition`` writes a registry
as text, ``resource`` serves that text, ``lag`` measures how late the reactor is.
"""
