// How a C program finds the engine: through Python, once, at its start. docs/c.md says how to build it.
//
//     const char *error;
//     const PricetimeApi *pricetime = pricetime_start(NULL, &error);
//
// Include it in the one file that starts, before all other headers; the others need pricetime.h alone. Python is used
// here only: the functions of the table take no lock of it and touch no object.
#ifndef PRICETIME_EMBED_H
#define PRICETIME_EMBED_H

#include <Python.h>

#include "pricetime.h"

// For a program in which Python runs already, on a thread that holds the GIL: the table, or NULL with an exception set.
static inline const PricetimeApi *pricetime_import(void)
{
    const char *name = "pricetime.matching.c_api._C_API";
    PyObject *module = PyImport_ImportModule("pricetime.matching.c_api");   // which says what is missing
    if (module == NULL)
        return NULL;
    Py_DECREF(module);                              // sys.modules keeps it
    const PricetimeApi *api = (const PricetimeApi *) PyCapsule_Import(name, 0);
    if (api != NULL && (api->api_version != PRICETIME_API_VERSION || api->size < sizeof(PricetimeApi))) {
        PyErr_Format(PyExc_ImportError, "this program was built for API version %d of pricetime (%u bytes), installed"
                     " is version %u (%u bytes): build it again", PRICETIME_API_VERSION,
                     (unsigned) sizeof(PricetimeApi), (unsigned) api->api_version, (unsigned) api->size);
        return NULL;
    }
    return api;
}

// The text of the Python exception that is set; it is valid until the process ends.
static inline const char *pricetime_exception(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *text = value != NULL ? PyObject_Str(value) : NULL;
    const char *said = text != NULL ? PyUnicode_AsUTF8(text) : NULL;
    PyErr_Clear();
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return said != NULL ? said : "Python does not say why";
}

// Start Python, where it does not run yet, and find the table in it. `python` is the path of the interpreter that has
// pricetime installed (.venv/bin/python); NULL: the python3 of the PATH, so that of an activated environment. Returns
// NULL where it could not be; *error says why in one line. The interpreter stays until the process ends. Where Python
// runs already `python` is not looked at, and the calling thread must hold the GIL.
static inline const PricetimeApi *pricetime_start(const char *python, const char **error)
{
    if (!Py_IsInitialized()) {
        PyConfig config;
        PyConfig_InitPythonConfig(&config);
        config.install_signal_handlers = 0;         // they stay the program's
        PyStatus status = PyStatus_Ok();
        if (python != NULL)
            status = PyConfig_SetBytesString(&config, &config.program_name, python);
        if (!PyStatus_Exception(status))
            status = Py_InitializeFromConfig(&config);
        PyConfig_Clear(&config);
        if (PyStatus_Exception(status)) {
            *error = status.err_msg != NULL ? status.err_msg : "Python does not start";
            return NULL;
        }
    }
    const PricetimeApi *api = pricetime_import();
    *error = api == NULL ? pricetime_exception() : NULL;
    return api;
}

#endif
