"""What must hold, by the ledger. Each complaint is one sentence; none is the aim.

Intents are recognised in the ledger by the quantity they asked for, so that the judges need nothing
of what the gateway says about itself.

``ledger``   whose an order in the ledger is
``intents``  at most one order for each, and true answers (G1)
``changes``  closes, cancels and changes
``stream``   numbers without gaps, and the same as written down (G3)
``told``     what was told is what is so (G4)
``exits``    they cover what is held, at the prices that were asked for (G2)
``pairs``    OCO groups
``halts``    what leaves while trading is restricted (G6)
"""
