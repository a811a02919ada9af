"""Draw nets: the whole graph, or the data flow of single stages.

Each step has a module of its own and a plain value as its result::

    Net             net.net
     -> Diagram       diagram        boxes of layers, links between them
     -> Repeat        folding        blocks that repeat, heads, namespaces
     -> Outline       outlines       repeats replaced by one vertex each
     -> Picture       graph_painter  each vertex drawn, so that its size is known; layer_box
     -> LayoutGraph   ranks          sizes and wires; the row (rank) of each vertex
     -> Grid          grid           the points of each row; crossings orders them
     -> x positions   coordinates    the center of each point; compaction draws them together
     -> columns       columns        where a long drawing continues in a new column
     -> Route         routes         the line of each wire
     -> Layout        graph_layout   runs the steps from ranks to routes
     -> GraphDrawing  graph_drawing  pictures, labels and lines at their positions
     -> Scene         graph_page     with title and legend
     -> file          svg, raster    SVG; PNG and PDF (matplotlib)

`dot` writes a Diagram for Graphviz. `stages` draws Scenes of single layers and the layers that
follow them, `figure` one of a chain, with `solids` for the blobs. `layer_text` has the words of a
layer, `style` the colors and fonts, `font_metrics` the widths of text, `scene` the shapes that all
drawings are made of.
"""
