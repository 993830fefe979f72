#include "record/cell.h"

#include <string.h>

Cell cell_find(const Row *row, int node, const char *name) {
    const Node *at = &row->selection->nodes[node];
    int column = at->column;
    uint64_t bit = 1;
    for (const Field *field = at->resource->fields; field->name != NULL; field++, bit <<= 1) {
        if (!field_is_column(field))
            continue;
        if (strcmp(field->name, name) == 0)
            return (Cell){.field = field,
                          .text = result_value(row->rows, row->row, column),
                          .length = result_length(row->rows, row->row, column),
                          .shown = (at->shown & bit) != 0};
        column++;
    }
    return (Cell){.field = NULL};
}

/* The node that a relation's name, `length` bytes long, leads to. */
static int step_find(const Row *row, int parent, const char *name, size_t length) {
    for (int i = parent + 1; i < row->selection->node_count; i++) {
        const Node *node = &row->selection->nodes[i];
        if (node->parent == parent && strncmp(node->by->relation, name, length) == 0 &&
            node->by->relation[length] == '\0')
            return i;
    }
    return -1;
}

Cell cell_at(const Row *row, const char *path) {
    int node = 0;
    for (const char *dot = strchr(path, '.'); dot != NULL && node >= 0; dot = strchr(path, '.')) {
        node = step_find(row, node, path, (size_t)(dot - path));
        path = dot + 1;
    }
    return node >= 0 ? cell_find(row, node, path) : (Cell){.field = NULL};
}

int cell_embedded(const Row *row, int parent, const Field *by) {
    return by->relation != NULL ? step_find(row, parent, by->relation, strlen(by->relation)) : -1;
}

const char *cell_id(const Row *row, int node) {
    return result_value(row->rows, row->row, row->selection->nodes[node].column);
}
