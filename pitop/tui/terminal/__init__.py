"""What goes down the wire: the cells that the terminal shows, the bytes that change them, and when they may go.

`cells` says which text takes which cells, `pens` what colours and attributes a cell has, `writer` turns the
difference of two screens into bytes, `pace` says how many bytes the line can take now, `channel` writes them without
ever waiting. `wire` joins these, `colours` says how many the terminal has, `driver` reads its keys, and `seam` is the
one module that knows how frames leave Textual.
"""
