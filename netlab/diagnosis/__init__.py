"""Why a packet went no further: what was seen, where it ended, and who could have done it.

scene       everything that is known about one trace, and questions to it
focus       the one journey that ended too early, and the stage at which it did
suspects_*  for each cause one question: was it you, and what shows it?
judge       from the answers to a verdict
"""
